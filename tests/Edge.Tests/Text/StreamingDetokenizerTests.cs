using System.Text;
using Edge.Text;
using Xunit;

namespace Edge.Tests.Text;

[Collection(AloneCollection.Name)]
public sealed class StreamingDetokenizerTests
{
    [Fact]
    public void Append_RandomBytes_EqualsEncodingUtf8()
    {
        var tokenizer = new Tokenizer(TokenizerMetadataTests.Bytes());
        var random = new Random(8);
        byte[] pool = [0x41, 0x80, 0xBF, 0xC0, 0xC3, 0xE0, 0xE2, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF, 0x9F, 0xA0, 0x90];
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = [.. Enumerable.Range(0, random.Next(12)).Select(_ =>
                random.Next(3) == 0 ? (byte)random.Next(256) : pool[random.Next(pool.Length)])];
            // The byte vocabulary has byte b as token b.
            Assert.Equal(Encoding.UTF8.GetString(bytes), Stream(tokenizer, bytes.Select(b => (int)b)));
        }
    }

    [Fact]
    public void Append_EmojiByteByByte_ArrivesWhole()
    {
        var stream = new StreamingDetokenizer(new Tokenizer(TokenizerMetadataTests.Bytes()));
        var chars = new char[stream.MaxCharsPerToken];
        byte[] bytes = "🔥"u8.ToArray();
        Assert.All(bytes[..3], b => Assert.Equal(0, stream.Append(b, chars)));
        Assert.Equal(2, stream.Append(bytes[3], chars));
        Assert.Equal("🔥", new string(chars, 0, 2));
        stream.Append(0xE2, chars);
        stream.Reset();
        Assert.Equal(0, stream.Flush(chars));
    }

    [Fact]
    public void Append_RandomText_EqualsDecode()
    {
        var texts = new RandomText(9);
        for (int i = 0; i < 2_000; i++)
        {
            string text = texts.Next();
            Assert.Equal(text, Stream(Golden.Demo, Golden.Demo.EncodeToIds(text, parseSpecial: false)));
        }
    }

    [Fact]
    public void Append_AfterWarmUp_AllocatesNothing()
    {
        int[] ids = [.. Golden.Demo.EncodeToIds("🔥 temp 12.4C über dem Limit, 温度 hoch")];
        var stream = new StreamingDetokenizer(Golden.Demo);
        var chars = new char[stream.MaxCharsPerToken];
        foreach (int id in ids) stream.Append(id, chars);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 100; round++)
        {
            foreach (int id in ids) stream.Append(id, chars);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Append_ShortDestination_IsRefused()
    {
        var stream = new StreamingDetokenizer(Golden.Demo);
        Assert.Throws<ArgumentException>(() => stream.Append(0, new char[stream.MaxCharsPerToken - 1]));
    }

    private static string Stream(Tokenizer tokenizer, IEnumerable<int> ids)
    {
        var stream = new StreamingDetokenizer(tokenizer);
        var chars = new char[stream.MaxCharsPerToken];
        var text = new StringBuilder();
        foreach (int id in ids) text.Append(chars.AsSpan(0, stream.Append(id, chars)));
        return text.Append(chars.AsSpan(0, stream.Flush(chars))).ToString();
    }
}
