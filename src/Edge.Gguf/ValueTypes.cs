using System.Runtime.CompilerServices;

namespace Edge.Gguf;

/// <summary>Sizes and host types of metadata values.</summary>
internal static class ValueTypes
{
    /// <summary>Bytes of a value of fixed size; 0 for strings and arrays, −1 for a number that is no type.</summary>
    public static int Bytes(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        GgufValueType.UInt64 or GgufValueType.Int64 or GgufValueType.Float64 => 8,
        GgufValueType.String or GgufValueType.Array => 0,
        _ => -1,
    };

    public static bool IsInteger(GgufValueType type) =>
        Bytes(type) > 0 && !IsReal(type) && type != GgufValueType.Bool;

    public static bool IsReal(GgufValueType type) => type is GgufValueType.Float32 or GgufValueType.Float64;

    /// <summary>The file's type for a host type. Errors: ArgumentException for a type that GGUF has not.</summary>
    public static GgufValueType Of<T>() where T : unmanaged
    {
        if (typeof(T) == typeof(byte)) return GgufValueType.UInt8;
        if (typeof(T) == typeof(sbyte)) return GgufValueType.Int8;
        if (typeof(T) == typeof(ushort)) return GgufValueType.UInt16;
        if (typeof(T) == typeof(short)) return GgufValueType.Int16;
        if (typeof(T) == typeof(uint)) return GgufValueType.UInt32;
        if (typeof(T) == typeof(int)) return GgufValueType.Int32;
        if (typeof(T) == typeof(ulong)) return GgufValueType.UInt64;
        if (typeof(T) == typeof(long)) return GgufValueType.Int64;
        if (typeof(T) == typeof(float)) return GgufValueType.Float32;
        if (typeof(T) == typeof(double)) return GgufValueType.Float64;
        if (typeof(T) == typeof(bool)) return GgufValueType.Bool;
        throw new ArgumentException($"GGUF has no metadata type for a host value of {Unsafe.SizeOf<T>()} bytes");
    }
}
