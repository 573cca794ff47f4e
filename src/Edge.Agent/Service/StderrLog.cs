using Microsoft.Extensions.Logging;

namespace Edge.Agent.Service;

/// <summary>Log lines on stderr, written at once: no queue, no thread, nothing to do while idle.</summary>
internal sealed class StderrLog : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Lines();

    public void Dispose()
    {
        // Nothing is held open.
    }

    private sealed class Lines : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            string level = logLevel switch { LogLevel.Information => "info", LogLevel.Warning => "warn", _ => "error" };
            // Of an exception only the message: a stack trace is no use to the one who reads the journal.
            string cause = exception is null ? "" : $": {exception.Message}";
            Console.Error.WriteLine($"{level}: {formatter(state, exception)}{cause}");
        }
    }
}
