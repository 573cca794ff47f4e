namespace Edge.Text;

/// <summary>Chat templates by name, for instruct models whose files carry none.</summary>
public static class KnownTemplates
{
    internal const string ChatMl = """
        {% for message in messages %}
        {{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
        {%- endfor %}
        {% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
        """;

    private const string Llama2 = """
        {%- set before = namespace(system='') %}
        {%- for message in messages %}
        {%- if message.role == 'system' %}
        {%- set before.system = '<<SYS>>\n' + message.content + '\n<</SYS>>\n\n' %}
        {%- elif message.role == 'user' %}
        {{- bos_token + '[INST] ' + before.system + message.content + ' [/INST]' }}
        {%- set before.system = '' %}
        {%- else %}
        {{- ' ' + message.content + ' ' + eos_token }}
        {%- endif %}
        {%- endfor %}
        """;

    private const string Mistral = """
        {{- bos_token }}
        {%- set before = namespace(system='') %}
        {%- for message in messages %}
        {%- if message.role == 'system' %}
        {%- set before.system = message.content + '\n\n' %}
        {%- elif message.role == 'user' %}
        {{- '[INST] ' + before.system + message.content + ' [/INST]' }}
        {%- set before.system = '' %}
        {%- else %}
        {{- ' ' + message.content + eos_token }}
        {%- endif %}
        {%- endfor %}
        """;

    private const string Vicuna = """
        {{- bos_token }}
        {%- for message in messages %}
        {%- if message.role == 'system' %}
        {{- message.content + ' ' }}
        {%- elif message.role == 'user' %}
        {{- 'USER: ' + message.content + ' ' }}
        {%- else %}
        {{- 'ASSISTANT: ' + message.content + eos_token }}
        {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}
        """;

    private const string Alpaca = """
        {{- bos_token }}
        {%- for message in messages %}
        {%- if message.role == 'system' %}
        {{- message.content + '\n\n' }}
        {%- elif message.role == 'user' %}
        {{- '### Instruction:\n' + message.content + '\n\n' }}
        {%- else %}
        {{- '### Response:\n' + message.content + eos_token + '\n\n' }}
        {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}{{ '### Response:\n' }}{% endif %}
        """;

    private const string Zephyr = """
        {%- for message in messages %}
        {{- '<|' + message.role + '|>\n' + message.content + eos_token + '\n' }}
        {%- endfor %}
        {%- if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}
        """;

    private static readonly (string Name, string Source)[] Rows =
    [
        ("chatml", ChatMl), ("llama2", Llama2), ("mistral", Mistral), ("vicuna", Vicuna), ("alpaca", Alpaca),
        ("zephyr", Zephyr),
    ];

    /// <summary>All names.</summary>
    public static string Names { get; } = string.Join(", ", Array.ConvertAll(Rows, row => row.Name));

    /// <summary>The Jinja text of a name; null where no row has it.</summary>
    public static string? Find(string name)
    {
        foreach ((string known, string source) in Rows)
            if (known == name) return source;
        return null;
    }
}
