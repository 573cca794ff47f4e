using Edge.Gguf;
using Xunit;

namespace Edge.Tests.Gguf;

public sealed class GgufMetadataTests
{
    private static GgufMetadata Read(GgufBytes bytes)
    {
        using var file = new TemporaryFile(bytes.ToArray());
        return GgufFile.Open(file.Path).Metadata;
    }

    private static GgufMetadata Sample() => Read(GgufBytes.Start(keys: 4)
        .Key("text", GgufValueType.String).Text("x")
        .Key("number", GgufValueType.UInt64).U64(ulong.MaxValue)
        .Key("real", GgufValueType.Float32).U32(BitConverter.SingleToUInt32Bits(2.5f))
        .Key("list", GgufValueType.Array).U32((uint)GgufValueType.UInt32).U64(2).U32(1).U32(uint.MaxValue));

    [Fact]
    public void Get_MissingKey_IsNamed()
    {
        GgufMetadata metadata = Sample();
        Action[] gets =
        [
            () => metadata.GetString("a.b"), () => metadata.GetInteger("a.b"), () => metadata.GetReal("a.b"),
            () => _ = metadata["a.b"],
        ];
        foreach (Action get in gets)
        {
            var e = Assert.Throws<GgufException>(get);
            Assert.Contains("'a.b' is missing", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Find_MissingKey_IsNull()
    {
        GgufMetadata metadata = Sample();
        Assert.Null(metadata.FindString("a"));
        Assert.Null(metadata.FindInteger("a"));
        Assert.Null(metadata.FindReal("a"));
        Assert.Null(metadata.FindBool("a"));
        Assert.Null(metadata.FindStrings("a"));
        Assert.Null(metadata.FindIntegers("a"));
        Assert.Null(metadata.FindReals("a"));
        Assert.Null(metadata.TypeNameOf("a"));
        Assert.Null(metadata.ArrayCount("text"));
        Assert.Equal(0, metadata.OffsetOf("a"));
    }

    [Fact]
    public void Find_OtherType_NamesBothAndTheEntry()
    {
        GgufMetadata metadata = Sample();
        (Action Find, string Key, string Says)[] rows =
        [
            (() => metadata.FindInteger("text"), "text", "should be an integer and is String"),
            (() => metadata.FindString("number"), "number", "should be a string and is UInt64"),
            (() => metadata.FindReal("number"), "number", "should be a float and is UInt64"),
            (() => metadata.FindBool("number"), "number", "should be a bool and is UInt64"),
            (() => metadata.FindStrings("list"), "list", "should be an array of strings and is array of UInt32"),
            (() => metadata.FindReals("list"), "list", "should be an array of floats and is array of UInt32"),
            (() => metadata.FindIntegers("text"), "text", "should be an array of integers and is String"),
            (() => metadata.FindInteger("number"), "number", "18446744073709551615, above the limit"),
        ];
        foreach ((Action find, string key, string says) in rows)
        {
            var e = Assert.Throws<GgufException>(find);
            Assert.Contains(says, e.Message, StringComparison.Ordinal);
            Assert.Equal(metadata.OffsetOf(key), e.ByteOffset);
        }
    }

    [Fact]
    public void OffsetOf_Key_IsItsByteInTheFile()
    {
        GgufMetadata metadata = Sample();
        Assert.Equal(["text", "number", "real", "list"], metadata.Keys);
        Assert.Equal(24, metadata.OffsetOf("text"));
        Assert.Equal(24 + 8 + 4 + 4 + 8 + 1, metadata.OffsetOf("number"));
        Assert.Equal(2.5, metadata.GetReal("real"));
        Assert.Equal([1, uint.MaxValue], metadata.FindIntegers("list")!);
    }

    [Fact]
    public void Message_HostileKey_IsMadePrintable()
    {
        string key = "a\u202eb'c" + new string('x', 500);
        GgufMetadata metadata = Read(GgufBytes.Start(keys: 1).Key(key, GgufValueType.UInt8).U8(1));
        var e = Assert.Throws<GgufException>(() => metadata.FindString(metadata.Keys[0]));
        Assert.Contains("'a?b?cxx", e.Message, StringComparison.Ordinal);
        Assert.InRange(e.Message.Length, 80, 300);
    }
}
