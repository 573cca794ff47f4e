// The smallest base library with which the AOT compiler turns the kernels into arm64 machine code, without any
// run-time pack. Types that the compiler looks up by name are declared, never used: kernels are freestanding. Its
// intrinsics: Intrinsics.cs.

namespace System
{
    public class Object { internal unsafe Internal.Runtime.MethodTable* MethodTablePointer; }
    public abstract class ValueType { }
    public abstract class Enum : ValueType { }
    public abstract class Delegate { }
    public abstract class MulticastDelegate : Delegate { }
    public class Exception { }
    public class Type { }
    public abstract class Array { public readonly int Length; }
    internal sealed class Array<T> : Array { }
    public sealed class String { public readonly int Length; private readonly char _firstCharacter; }

    public struct Void { }
    public struct Boolean { }
    public struct Char { }
    public struct SByte { }
    public struct Byte { }
    public struct Int16 { }
    public struct UInt16 { }
    public struct Int32 { public const int MinValue = -2147483648; }
    public struct UInt32 { }
    public struct Int64 { }
    public struct UInt64 { }
    public struct Single { public const float NegativeInfinity = -1f / 0f; public const float PositiveInfinity =
        1f / 0f; }
    public struct Double { }
    public unsafe struct IntPtr { private readonly void* _value; }
    public unsafe struct UIntPtr { private readonly void* _value; }
    public struct Nullable<T> where T : struct { }
    public struct RuntimeTypeHandle { }
    public struct RuntimeMethodHandle { }
    public struct RuntimeFieldHandle { }

    /// <summary>Register lists of the table look-up and the structured loads are tuples.</summary>
    public struct ValueTuple<T1, T2>(T1 item1, T2 item2) { public T1 Item1 = item1; public T2 Item2 = item2; }
    public struct ValueTuple<T1, T2, T3>(T1 item1, T2 item2, T3 item3)
    {
        public T1 Item1 = item1; public T2 Item2 = item2; public T3 Item3 = item3;
    }
    public struct ValueTuple<T1, T2, T3, T4>(T1 item1, T2 item2, T3 item3, T4 item4)
    {
        public T1 Item1 = item1; public T2 Item2 = item2; public T3 Item3 = item3; public T4 Item4 = item4;
    }

    public class Attribute { }
    public enum AttributeTargets { All = 32767 }
    public sealed class AttributeUsageAttribute(AttributeTargets targets) : Attribute
    {
        public AttributeTargets Targets => targets;
        public bool AllowMultiple { get; set; }
        public bool Inherited { get; set; }
    }
    public sealed class FlagsAttribute : Attribute { }
    public sealed class ParamArrayAttribute : Attribute { }

    // The compiler lowers large copies and clears to these; kernels have none, so reaching one is a bug that hangs the
    // test.
    internal static class Buffer
    {
        private static void BulkMoveWithWriteBarrier(ref byte to, ref byte from, nuint bytes) { while (true) ; }
    }
    internal static class SpanHelpers
    {
        private static void Memmove(ref byte to, ref byte from, nuint bytes) { while (true) ; }
        private static void ClearWithoutReferences(ref byte to, nuint bytes) { while (true) ; }
        private static void Fill(ref byte to, nuint bytes, byte value) { while (true) ; }
    }
}

namespace System.Diagnostics
{
    public sealed class DebuggableAttribute(DebuggableAttribute.DebuggingModes modes) : Attribute
    {
        public DebuggingModes Value => modes;
        [Flags] public enum DebuggingModes { None = 0 }
    }
}

namespace System.Diagnostics.CodeAnalysis
{
    public sealed class ConstantExpectedAttribute
        : Attribute { public object Min { get; set; } public object Max { get; set; } }
}

namespace System.Runtime
{
    internal sealed class RuntimeExportAttribute(string entryPoint) : Attribute { public string Entry => entryPoint; }

    internal static unsafe class TypeCast
    {
        public static object IsInstanceOfAny(void* type, object value) { while (true) ; }
        public static object IsInstanceOfAnyNoCacheLookup(void* type, object value) { while (true) ; }
        public static object IsInstanceOfClass(void* type, object value) { while (true) ; }
        public static object IsInstanceOfException(void* type, object value) { while (true) ; }
        public static object IsInstanceOfInterface(void* type, object value) { while (true) ; }
        public static object CheckCastAny(void* type, object value) { while (true) ; }
        public static object CheckCastAnyNoCacheLookup(void* type, object value) { while (true) ; }
        public static object CheckCastClass(void* type, object value) { while (true) ; }
        public static object CheckCastClassSpecial(void* type, object value) { while (true) ; }
        public static object CheckCastInterface(void* type, object value) { while (true) ; }
        public static void CheckArrayStore(object array, object value) { while (true) ; }
        public static ref object LdelemaRef(object array, nint index, nint type) { while (true) ; }
        public static void StelemRef(object array, nint index, object value) { while (true) ; }
        public static object UnboxHelper(void* type, object value) { while (true) ; }
    }
}

namespace System.Runtime.CompilerServices
{
    public enum MethodImplOptions { NoInlining = 8, AggressiveInlining = 256 }
    public sealed class MethodImplAttribute(MethodImplOptions options)
        : Attribute { public MethodImplOptions Value => options; }
    public sealed class CompilationRelaxationsAttribute(int relaxations)
        : Attribute { public int Value => relaxations; }
    public sealed class ExtensionAttribute : Attribute { }
    public sealed class IntrinsicAttribute : Attribute { }
    public sealed class IsReadOnlyAttribute : Attribute { }
    public sealed class IsUnmanagedAttribute : Attribute { }
    public sealed class IsVolatile { }
    public sealed class RefSafetyRulesAttribute(int version) : Attribute { public int Version => version; }
    public sealed class RuntimeCompatibilityAttribute : Attribute { public bool WrapNonExceptionThrows { get; set; } }
    public static class RuntimeFeature
    {
        public const string UnmanagedSignatureCallingConvention = nameof(UnmanagedSignatureCallingConvention);
    }
    public static class RuntimeHelpers { public static int OffsetToStringData => 8; }
    public sealed class SkipLocalsInitAttribute : Attribute { }
}

namespace System.Runtime.InteropServices
{
    public enum LayoutKind { Sequential = 0, Explicit = 2, Auto = 3 }
    public sealed class StructLayoutAttribute(LayoutKind kind) : Attribute
    {
        public LayoutKind Value => kind;
        public int Pack;
        public int Size;
    }
    public sealed class UnmanagedCallersOnlyAttribute : Attribute { public string EntryPoint; }
    public interface IDynamicInterfaceCastable { }
    public enum UnmanagedType { I4 = 7 }
}

namespace Internal.Runtime
{
    /// <summary>24 bytes, as the compiler lays type descriptions out.</summary>
    public struct MethodTable { private readonly ulong _shape, _baseType, _counts; }
}

namespace Internal.Runtime.CompilerHelpers
{
    internal static class ThrowHelpers
    {
        private static void ThrowBodyRemoved() { while (true) ; }
        private static void ThrowDivideByZeroException() { while (true) ; }
        private static void ThrowFeatureBodyRemoved() { while (true) ; }
        private static void ThrowIndexOutOfRangeException() { while (true) ; }
        private static void ThrowInstanceBodyRemoved() { while (true) ; }
        private static void ThrowInvalidProgramException() { while (true) ; }
        private static void ThrowNotImplementedException() { while (true) ; }
        private static void ThrowNullReferenceException() { while (true) ; }
        private static void ThrowOverflowException() { while (true) ; }
        private static void ThrowPlatformNotSupportedException() { while (true) ; }
        private static void ThrowUnavailableType() { while (true) ; }
    }

    internal static class StartupCodeHelpers
    {
        // A caller from C enters and leaves managed code through these; without a collector there is nothing to do.
        [System.Runtime.RuntimeExport("RhpReversePInvoke")] private static void Enter(System.IntPtr frame) { }
        [System.Runtime.RuntimeExport("RhpReversePInvokeReturn")] private static void Leave(System.IntPtr frame) { }
        [System.Runtime.RuntimeExport("RhpGcPoll")] private static void Poll() { }
        [System.Runtime.RuntimeExport("RhpFallbackFailFast")] private static void FailFast() { while (true) ; }
    }
}
