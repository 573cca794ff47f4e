using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Edge.Devices.Gpio;

/// <summary>The character device's second ABI. Source: the kernel's include/uapi/linux/gpio.h.</summary>
internal static class GpioAbi
{
    public const uint GetChipInfo = 0x8044_B401;
    public const uint GetLine = 0xC250_B407;
    public const uint GetValues = 0xC010_B40E;

    public const ulong FlagActiveLow = 1 << 1;
    public const ulong FlagInput = 1 << 2;
    public const ulong FlagBiasPullUp = 1 << 8;
    public const ulong FlagBiasPullDown = 1 << 9;
    public const ulong FlagBiasDisabled = 1 << 10;

    public const int NameBytes = 32, LinesMax = 64;

    [StructLayout(LayoutKind.Sequential)]
    public struct ChipInfo
    {
        public Text Name;
        public Text Label;
        public uint Lines;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct LineConfig
    {
        public ulong Flags;
        public uint AttributeCount;
        public Padding Padding;
        public Attributes Attributes;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct LineRequest
    {
        public Offsets Offsets;
        public Text Consumer;
        public LineConfig Config;
        public uint LineCount;
        public uint EventBufferSize;
        public Padding Padding;
        public int Descriptor;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct LineValues
    {
        public ulong Bits;
        public ulong Mask;
    }

    [InlineArray(NameBytes)]
    public struct Text
    {
        private byte _first;

        /// <summary>Up to the first NUL.</summary>
        public readonly string Read()
        {
            ReadOnlySpan<byte> bytes = this;
            int end = bytes.IndexOf((byte)0);
            return System.Text.Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
        }

        public void Write(ReadOnlySpan<byte> text) =>
            text[..Math.Min(text.Length, NameBytes - 1)].CopyTo(this);
    }

    [InlineArray(5)]
    public struct Padding
    {
        private uint _first;
    }

    /// <summary>Ten attributes of 24 bytes; not used here, but part of the size that the kernel checks.</summary>
    [InlineArray(30)]
    public struct Attributes
    {
        private ulong _first;
    }

    [InlineArray(LinesMax)]
    public struct Offsets
    {
        private uint _first;
    }
}
