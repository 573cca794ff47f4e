using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Edge.Agent;

/// <summary>Machine-readable results: one JSON value per line on stdout.</summary>
internal static class JsonLine
{
    // The reader is a program or a terminal, never a web page: letters and quotes need no \u escapes.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Print<T>(T value, JsonTypeInfo<T> type) =>
        Print(writer => JsonSerializer.Serialize(writer, value, type));

    public static void Print(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options)) write(writer);
        buffer.Write("\n"u8);
        using var stdout = Console.OpenStandardOutput();
        stdout.Write(buffer.WrittenSpan);
        stdout.Flush();
    }
}
