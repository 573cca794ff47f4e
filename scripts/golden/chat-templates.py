#!/usr/bin/env python3
"""Renders our template fixtures with Jinja2 and writes tests/golden/chat-templates.json.

The independent reference for Edge.Text.ChatTemplate: needs Debian's python3-jinja2, takes no arguments and is
deterministic. The environment is set up as the transformers library sets up chat templates.
"""
import json
import pathlib

import jinja2
import jinja2.ext
import jinja2.nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Generation(jinja2.ext.Extension):
    """{% generation %}: its body, unchanged."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.Scope(body, lineno=line)


class Refused(Exception):
    pass


def raise_exception(message):
    raise Refused(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment():
    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols, Generation])
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = lambda form: __import__("datetime").datetime(2026, 3, 5, 14, 7, 9).strftime(form)
    return made


CHAT = [
    {"role": "system", "content": "You triage sensor readings."},
    {"role": "user", "content": "cold store 1: temp 12.4C"},
    {"role": "assistant", "content": "  {\"status\":\"critical\"}\n"},
    {"role": "user", "content": "And now: 'ok'?"},
]
USER = CHAT[1:2]

# Families: own wording, the shape that each family's models expect.
CHATML = """\
{% for message in messages %}
{{ '<|im_start|>' ~ message['role'] ~ '\\n' ~ message['content'] ~ '<|im_end|>' }}
{% endfor %}
{% if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{% endif %}
"""
LLAMA3 = """\
{%- set lead = bos_token -%}
{%- for turn in messages -%}
    {%- set body = '<|start_header_id|>' + turn['role'] + '<|end_header_id|>\\n\\n' + turn['content'] | trim + '<|eot_id|>' -%}
    {{- lead + body if loop.first else body -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
{%- endif -%}
"""
MISTRAL = """\
{%- if messages[0].role == 'system' %}
    {%- set opening = messages[0].content ~ '\\n\\n' %}
    {%- set turns = messages[1:] %}
{%- else %}
    {%- set opening = '' %}
    {%- set turns = messages %}
{%- endif %}
{{- bos_token }}
{%- for turn in turns %}
    {%- if (turn.role == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('Turns must go user, assistant, user, assistant') }}
    {%- endif %}
    {%- if turn.role == 'user' %}
        {{- ' [INST] ' ~ (opening if loop.last else '') ~ turn.content ~ ' [/INST]' }}
    {%- else %}
        {{- ' ' ~ turn.content.strip() ~ eos_token }}
    {%- endif %}
{%- endfor %}
"""
GEMMA = """\
{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- set preface = messages[0]['content'] + '\\n\\n' -%}
    {%- set rest = messages[1:] -%}
{%- else -%}
    {%- set preface = '' -%}
    {%- set rest = messages -%}
{%- endif -%}
{%- for m in rest -%}
    {%- set who = 'model' if m['role'] == 'assistant' else m['role'] -%}
    {{ '<start_of_turn>' + who + '\\n' + (preface if loop.first else '') }}
    {%- if m['content'] is string -%}
        {{ m['content'] | trim }}
    {%- elif m['content'] is iterable -%}
        {%- for part in m['content'] -%}
            {%- if part['type'] == 'text' -%}{{ part['text'] | trim }}{%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<start_of_turn>model\\n' }}{%- endif -%}
"""
PHI3 = """\
{% for message in messages %}{% if message.role in ['system', 'user', 'assistant'] and message.content %}\
{{ '<|' + message.role + '|>\\n' + message.content + '<|end|>\\n' }}{% endif %}{% endfor %}\
{{ '<|assistant|>\\n' if add_generation_prompt else eos_token }}
"""
ZEPHYR = """\
{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}
"""
QWEN3 = """\
{%- if tools %}
    {{- '<|im_start|>system\\n# Tools\\n' }}
    {%- for tool in tools %}{{- tool | tojson }}{%- endfor %}
    {{- '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(last_query=messages|length - 1, looking=true) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.looking and message.role == 'user' and not (message.content.startswith('<tool>') and message.content.endswith('</tool>')) %}
        {%- set ns.looking = false %}
        {%- set ns.last_query = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content if message.content is string else '' %}
    {%- if message.role == 'assistant' %}
        {%- set thoughts = '' %}
        {%- if message.reasoning_content is defined and message.reasoning_content is not none %}
            {%- set thoughts = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set thoughts = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query and thoughts %}
            {{- '<|im_start|>assistant\\n<think>\\n' + thoughts.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""
GEMMA2 = """\
{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('No system turns here') }}{% endif %}\
{% for turn in messages %}\
{% if (turn['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Turns must alternate') }}{% endif %}\
{% if (turn['role'] == 'assistant') %}{% set who = 'model' %}{% else %}{% set who = turn['role'] %}{% endif %}\
{{ '<start_of_turn>' + who + '\\n' + turn['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}\
{% if add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}
"""
GRANITE = """\
{%- if messages[0]['role'] == 'system' %}
    {%- set preface = messages[0]['content'] %}
    {%- set turns = messages[1:] %}
{%- else %}
    {%- set preface = "Today is " + strftime_now('%B %d, %Y') + ".\\nYou are a helper." %}
    {%- if tools and documents %}
        {%- set preface = preface + " Use tools and documents." %}
    {%- elif tools %}
        {%- set preface = preface + " Use tools." %}
    {%- endif %}
    {%- if 'citations' in controls and documents %}
        {%- set preface = preface + " Cite." %}
    {%- endif %}
    {%- set turns = messages %}
{%- endif %}
{{- '<|start_of_role|>system<|end_of_role|>' + preface + '<|end_of_text|>\\n' }}
{%- if tools %}
    {{- '<|start_of_role|>tools<|end_of_role|>' }}
    {{- tools | tojson(indent=4) }}
    {{- '<|end_of_text|>\\n' }}
{%- endif %}
{%- for turn in turns %}
    {{- '<|start_of_role|>' + turn['role'] + '<|end_of_role|>' + turn['content'] + '<|end_of_text|>\\n' }}
    {%- if loop.last and add_generation_prompt %}
        {{- '<|start_of_role|>assistant' }}
        {%- if controls %}
            {{- ' ' + controls | tojson() }}
        {%- endif %}
        {{- '<|end_of_role|>' }}
    {%- endif %}
{%- endfor %}
"""
OLMOE = """\
{{ bos_token }}{% for turn in messages %}
{% if turn['role'] == 'system' %}
{{ '<|system|>
' + turn['content'] }}
{% elif turn['role'] == 'user' %}
{{ '<|user|>
' + turn['content'] }}
{% elif turn['role'] == 'assistant' %}
{{ '<|assistant|>
'  + turn['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}
"""
SMOLLM3 = """\
{# ---- defaults ---- #}
{%- if enable_thinking is not defined -%}{%- set enable_thinking = true -%}{%- endif -%}
{# ---- mode ---- #}
{%- if enable_thinking -%}{%- set mode = "/think" -%}{%- else -%}{%- set mode = "/no_think" -%}{%- endif -%}
{{- "<|im_start|>system\\n" -}}
{%- if messages[0].role == "system" -%}
  {%- set preface = messages[0].content -%}
  {%- if "/no_think" in preface -%}{%- set mode = "/no_think" -%}
  {%- elif "/think" in preface -%}{%- set mode = "/think" -%}
  {%- endif -%}
  {%- set custom = preface.replace("/no_think", "").replace("/think", "").rstrip() -%}
{%- endif -%}
{%- if "/system_override" in preface -%}
  {{- custom.replace("/system_override", "").rstrip() -}}{{- "<|im_end|>\\n" -}}
{%- else -%}
  {{- "## Metadata\\n\\nToday Date: " ~ strftime_now("%d %B %Y") ~ "\\nReasoning Mode: " + mode + "\\n\\n" -}}
  {%- if custom -%}{{- custom + "\\n\\n" -}}{%- endif -%}
  {%- if xml_tools or python_tools or tools -%}
    {{- "### Tools\\n\\n" -}}
    {%- set ns = namespace(text="<tools>\\n") -%}
    {%- for tool in (xml_tools or tools) -%}
      {%- set one = tool | string -%}
      {%- set ns.text = ns.text ~ one ~ "\\n" -%}
    {%- endfor -%}
    {{- ns.text + "</tools>" + "\\n\\n" -}}
  {%- endif -%}
  {{- "<|im_end|>\\n" -}}
{%- endif -%}
{%- for turn in messages -%}
  {%- set text = turn.content if turn.content is string else "" -%}
  {%- if turn.role == "user" -%}
    {{ "<|im_start|>" + turn.role + "\\n" + text + "<|im_end|>\\n" }}
  {%- elif turn.role == "assistant" -%}
    {% generation %}
    {%- if mode == "/think" -%}
      {{ "<|im_start|>assistant\\n" + text.lstrip("\\n") + "<|im_end|>\\n" }}
    {%- else -%}
      {{ "<|im_start|>assistant\\n" + "<think>\\n\\n</think>\\n" + text.lstrip("\\n") + "<|im_end|>\\n" }}
    {%- endif -%}
    {% endgeneration %}
  {%- elif turn.role == "tool" -%}
    {{ "<|im_start|>" + "user\\n" + text + "<|im_end|>\\n" }}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {%- if mode == "/think" -%}{{ "<|im_start|>assistant\\n" }}
  {%- else -%}{{ "<|im_start|>assistant\\n" + "<think>\\n\\n</think>\\n" }}{%- endif -%}
{%- endif -%}
"""
DEEPSEEK = """\
{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}
{%- if not thinking is defined %}{% if enable_thinking is defined %}{% set thinking = enable_thinking %}{% else %}{% set thinking = false %}{% endif %}{% endif %}
{%- set ns = namespace(preface='', first=true, asked=false, tool=false) -%}
{%- for turn in messages -%}
  {%- if turn['role'] == 'system' -%}
    {%- if ns.first -%}{%- set ns.preface = ns.preface + turn['content'] -%}{%- set ns.first = false -%}
    {%- else -%}{%- set ns.preface = ns.preface + '\\n\\n' + turn['content'] -%}{%- endif -%}
  {%- endif -%}
{%- endfor -%}{{ bos_token }}{{ ns.preface }}
{%- for turn in messages -%}
  {%- if turn['role'] == 'user' -%}
    {%- set ns.tool = false -%}{%- set ns.asked = true -%}{{'<｜User｜>' + turn['content']}}
  {%- endif -%}
  {%- if turn['role'] == 'assistant' and turn['tool_calls'] is defined and turn['tool_calls'] is not none -%}
    {%- for call in turn['tool_calls'] -%}
      {{'<｜tool▁call▁begin｜>' + call['function']['name'] + '<｜tool▁sep｜>' + call['function']['arguments'] + '<｜tool▁call▁end｜>'}}
    {%- endfor -%}{{'<｜tool▁calls▁end｜><｜end▁of▁sentence｜>'}}
    {%- set ns.asked = false -%}
  {%- endif -%}
  {%- if turn['role'] == 'assistant' and (turn['tool_calls'] is not defined or turn['tool_calls'] is none) -%}
    {%- if ns.asked -%}{{'<｜Assistant｜>'}}
      {%- if turn['prefix'] is defined and turn['prefix'] and thinking -%}{{'<think>'}}{%- else -%}{{'</think>'}}{%- endif -%}
    {%- endif -%}
    {%- set ns.asked = false -%}
    {%- set text = turn['content'] -%}
    {%- if '</think>' in text -%}{%- set text = text.split('</think>', 1)[1] -%}{%- endif -%}{{text + '<｜end▁of▁sentence｜>'}}
  {%- endif -%}
  {%- if turn['role'] == 'tool' -%}
    {%- set ns.tool = true -%}{{'<｜tool▁output▁begin｜>' + turn['content'] + '<｜tool▁output▁end｜>'}}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt and ns.asked and not ns.tool -%}{{'<｜Assistant｜>'}}{%- if not thinking -%}{{'</think>'}}{%- else -%}{{'<think>'}}{%- endif -%}{%- endif %}
"""
LFM2 = """\
{{- bos_token -}}
{%- set ns = namespace(preface="") -%}
{%- if messages[0]["role"] == "system" -%}
    {%- set ns.preface = messages[0]["content"] -%}
    {%- set messages = messages[1:] -%}
{%- endif -%}
{%- if tools -%}
    {%- set ns.preface = ns.preface + ("\\n" if ns.preface else "") + "Tools: [" -%}
    {%- for tool in tools -%}
        {%- if tool is not string -%}{%- set tool = tool | tojson -%}{%- endif -%}
        {%- set ns.preface = ns.preface + tool -%}
        {%- if not loop.last -%}{%- set ns.preface = ns.preface + ", " -%}{%- endif -%}
    {%- endfor -%}
    {%- set ns.preface = ns.preface + "]" -%}
{%- endif -%}
{%- if ns.preface -%}{{- "<|im_start|>system\\n" + ns.preface + "<|im_end|>\\n" -}}{%- endif -%}
{%- for turn in messages -%}
    {{- "<|im_start|>" + turn["role"] + "\\n" -}}
    {%- set text = turn["content"] -%}
    {%- if text is not string -%}{%- set text = text | tojson -%}{%- endif -%}
    {%- if turn["role"] == "tool" -%}{%- set text = "<|tool_response_start|>" + text + "<|tool_response_end|>" -%}{%- endif -%}
    {{- text + "<|im_end|>\\n" -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- "<|im_start|>assistant\\n" -}}{%- endif -%}
"""
BITNET = """\
{% set turns = messages %}{% for turn in turns %}{% set text = turn['role'] | capitalize + ': '+ turn['content'] | trim + '<|eot_id|>' %}\
{% if loop.index0 == 0 %}{% set text = bos_token + text %}{% endif %}{{ text }}{% endfor %}\
{% if add_generation_prompt %}{{ 'Assistant: ' }}{% endif %}
"""
HARMONY = """\
{#- A type of a tool's argument, as TypeScript writes it. -#}
{%- macro type_of(spec, required, nullable=false) -%}
    {%- if spec.type == "array" -%}
        {%- if spec['items'] -%}
            {%- if spec['items']['type'] == "string" -%}{{- "string[]" }}
            {%- elif spec['items']['type'] == "number" or spec['items']['type'] == "integer" -%}{{- "number[]" }}
            {%- else -%}
                {%- set inner = type_of(spec['items'], required) -%}
                {%- if inner == "object" or inner|length > 50 -%}{{- "any[]" }}{%- else -%}{{- inner + "[]" }}{%- endif -%}
            {%- endif -%}
            {%- if spec.nullable -%}{{- " | null" }}{%- endif -%}
        {%- else -%}{{- "any[]" }}{%- endif -%}
    {%- elif spec.type is defined and spec.type is iterable and spec.type is not string and spec.type is not mapping and spec.type[0] is defined -%}
        {%- if spec.type | length > 1 -%}{{- spec.type | join(" | ") }}{%- else -%}{{- spec.type[0] }}{%- endif -%}
    {%- elif spec.oneOf -%}
        {%- for one in spec.oneOf -%}
            {{- type_of(one, required) -}}
            {%- if one.description %}{{- "// " + one.description }}{%- endif -%}
            {%- if not loop.last -%}{{- " | " }}{%- endif -%}
        {%- endfor -%}
    {%- elif spec.type == "string" -%}
        {%- if spec.enum -%}{{- '"' + spec.enum|join('" | "') + '"' -}}{%- else -%}{{- "string" }}{%- endif -%}
    {%- elif spec.type == "number" or spec.type == "integer" -%}{{- "number" }}
    {%- elif spec.type == "object" -%}
        {%- if spec.properties -%}
            {{- "{\\n" }}
            {%- for name, inner in spec.properties.items() -%}
                {{- name -}}{%- if name not in (spec.required or []) -%}{{- "?" }}{%- endif -%}
                {{- ": " }}{{ type_of(inner, spec.required or []) }}{%- if not loop.last -%}{{-", " }}{%- endif -%}
            {%- endfor -%}{{- "}" }}
        {%- else -%}{{- "object" }}{%- endif -%}
    {%- else -%}{{- "any" }}{%- endif -%}
{%- endmacro -%}
{%- macro listing(namespace_name, tools) -%}
    {{- "## " + namespace_name + "\\n\\nnamespace " + namespace_name + " {\\n\\n" }}
    {%- for tool in tools %}
        {%- set tool = tool.function %}
        {{- "// " + tool.description + "\\ntype "+ tool.name + " = " }}
        {%- if tool.parameters and tool.parameters.properties %}
            {{- "(_: {\\n" }}
            {%- for name, spec in tool.parameters.properties.items() %}
                {%- if spec.description %}{{- "// " + spec.description + "\\n" }}{%- endif %}
                {{- name }}{%- if name not in (tool.parameters.required or []) -%}{{- "?" }}{%- endif -%}
                {{- ": " }}{{- type_of(spec, tool.parameters.required or []) }}
                {%- if spec.default is defined -%}
                    {%- if spec.enum %}{{- ", // default: " + spec.default }}{%- else %}{{- ", // default: " + spec.default|tojson }}{%- endif -%}
                {%- endif -%}
                {%- if not loop.last %}{{- ",\\n" }}{%- else %}{{- "\\n" }}{%- endif -%}
            {%- endfor %}
            {{- "}) => any;\\n\\n" }}
        {%- else -%}{{- "() => any;\\n\\n" }}{%- endif -%}
    {%- endfor %}
    {{- "} // namespace " + namespace_name }}
{%- endmacro -%}
{%- macro opening() -%}
    {%- if model_identity is not defined %}{%- set model_identity = "You are a model." %}{%- endif %}
    {{- model_identity + "\\nCurrent date: " + strftime_now("%Y-%m-%d") + "\\n\\n" }}
    {%- if reasoning_effort is not defined %}{%- set reasoning_effort = "medium" %}{%- endif %}
    {{- "Reasoning: " + reasoning_effort + "\\n\\n" }}
    {{- "# Valid channels: analysis, commentary, final." }}
    {%- if tools -%}{{- "\\nCalls go to: 'functions'." }}{%- endif -%}
{%- endmacro -%}
{{- "<|start|>system<|message|>" }}{{- opening() }}{{- "<|end|>" }}
{%- if messages[0].role == "developer" or messages[0].role == "system" %}
    {%- set preface = messages[0].content %}{%- set turns = messages[1:] %}
{%- else %}{%- set preface = "" %}{%- set turns = messages %}{%- endif %}
{%- if preface or tools %}
    {{- "<|start|>developer<|message|>" }}
    {%- if preface %}{{- "# Instructions\\n\\n" }}{{- preface }}{%- endif %}
    {%- if tools -%}{{- "\\n\\n# Tools\\n\\n" }}{{- listing("functions", tools) }}{%- endif -%}
    {{- "<|end|>" }}
{%- endif %}
{%- set last_call = namespace(name=none) %}
{%- for turn in turns -%}
    {%- if turn.role == 'assistant' -%}
        {%- if "content" in turn and ("<|channel|>analysis<|message|>" in turn.content or "<|channel|>final<|message|>" in turn.content) %}
            {{- raise_exception("Channels do not belong into content.") }}
        {%- endif %}
        {%- if "tool_calls" in turn %}
            {%- set later = namespace(found=false) %}
            {%- for next in turns[loop.index:] %}
                {%- if next.role == 'assistant' and "tool_calls" not in next %}{%- set later.found = true %}{%- endif %}
            {%- endfor %}
            {%- set call = turn.tool_calls[0] %}
            {%- if call.function %}{%- set call = call.function %}{%- endif %}
            {%- if turn.thinking and not later.found %}{{- "<|start|>assistant<|channel|>analysis<|message|>" + turn.thinking + "<|end|>" }}{%- endif %}
            {{- "<|start|>assistant to=functions." ~ call.name ~ "<|channel|>commentary " ~ (call.content_type if call.content_type is defined else "json") ~ "<|message|>" }}
            {{- call.arguments|tojson }}{{- "<|call|>" }}
            {%- set last_call.name = call.name %}
        {%- elif loop.last and not add_generation_prompt %}
            {%- if "thinking" in turn %}{{- "<|start|>assistant<|channel|>analysis<|message|>" + turn.thinking + "<|end|>" }}{%- endif %}
            {{- "<|start|>assistant<|channel|>final<|message|>" + turn.content + "<|return|>" }}
        {%- else %}
            {{- "<|start|>assistant<|channel|>final<|message|>" + turn.content + "<|end|>" }}
            {%- set last_call.name = none %}
        {%- endif %}
    {%- elif turn.role == 'tool' -%}
        {%- if last_call.name is none %}{{- raise_exception("An answer of a tool that nobody called.") }}{%- endif %}
        {{- "<|start|>functions." + last_call.name + " to=assistant<|channel|>commentary<|message|>" + turn.content|tojson + "<|end|>" }}
    {%- elif turn.role == 'user' -%}{{- "<|start|>user<|message|>" + turn.content + "<|end|>" }}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
<|start|>assistant
{%- endif -%}
"""
FUNCTION = {"type": "function", "function": {"name": "read", "description": "Reads a sensor.", "parameters": {
    "type": "object", "required": ["place"], "properties": {
        "place": {"type": "string", "enum": ["hall", "yard"], "default": "hall", "description": "where"},
        "count": {"type": "integer", "default": 3}, "tags": {"type": "array", "items": {"type": "string"}},
        "odd": {"type": ["string", "null"]}, "deep": {"type": "object", "properties": {"a": {"type": "number"}}},
        "any": {"oneOf": [{"type": "string", "description": "text"}, {"type": "array"}]}}}}}
CALLED = USER + [{"role": "assistant", "content": "", "thinking": "look", "tool_calls": [{"function": {
    "name": "read", "arguments": {"place": "hall"}}}]}, {"role": "tool", "content": "12.4"}]
CALLED_TEXT = USER + [{"role": "assistant", "content": "", "tool_calls": [{"function": {
    "name": "read", "arguments": "{}"}}]}, {"role": "tool", "content": "12.4"}]

THOUGHT = CHAT[:2] + [{"role": "assistant", "content": "<think>\nwarm?\n</think>\n\nwarm"}]

# (name, template, variables beyond or instead of the usual ones)
CASES = [
    *[(f"{name}, {kind}", text, {"messages": messages, "add_generation_prompt": ask})
      for name, text in [("chatml", CHATML), ("llama 3", LLAMA3), ("mistral", MISTRAL), ("gemma", GEMMA),
                         ("phi 3", PHI3), ("zephyr", ZEPHYR), ("qwen 3", QWEN3), ("gemma 2", GEMMA2), ("granite", GRANITE),
                         ("olmoe", OLMOE), ("smollm 3", SMOLLM3), ("deepseek", DEEPSEEK), ("lfm 2", LFM2), ("bitnet", BITNET),
                         ("gpt-oss", HARMONY)]
      for kind, messages, ask in [("whole chat", CHAT, True), ("no prompt", CHAT, False), ("user only", USER, True)]],
    ("granite, tools and controls", GRANITE, {"messages": USER, "tools": [FUNCTION], "controls": {"length": "short"}}),
    ("smollm 3, no thinking", SMOLLM3, {"enable_thinking": False, "tools": [FUNCTION]}),
    ("smollm 3, override", SMOLLM3, {"messages": [{"role": "system", "content": "Be brief. /system_override /no_think"}] + USER}),
    ("deepseek, thinking", DEEPSEEK, {"enable_thinking": True, "messages": THOUGHT + USER}),
    ("deepseek, tools", DEEPSEEK, {"messages": CALLED_TEXT}),
    ("lfm 2, tools", LFM2, {"tools": [FUNCTION, "plain"]}),
    ("gpt-oss, tools", HARMONY, {"tools": [FUNCTION], "messages": CALLED}),
    ("gpt-oss, effort", HARMONY, {"reasoning_effort": "low", "model_identity": "You are edge."}),
    ("gpt-oss refuses", HARMONY, {"messages": CALLED[2:]}),
    ("mistral refuses", MISTRAL, {"messages": CHAT[:1] + CHAT[2:]}),
    ("qwen 3, no thinking", QWEN3, {"enable_thinking": False}),
    ("qwen 3, thought kept", QWEN3, {"messages": THOUGHT}),
    ("qwen 3, thought dropped", QWEN3, {"messages": THOUGHT + USER}),
    ("qwen 3, reasoning", QWEN3, {"messages": CHAT[:2] + [{"role": "assistant", "content": "x", "reasoning_content": "y"}]}),
    ("qwen 3, tools", QWEN3, {"tools": [{"name": "read", "args": {"n": 1, "deep": [True, None, 1.5]}}]}),
    ("generation tag", "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}|{% endfor %}", {}),
    # Whitespace.
    ("trim_blocks", "a\n{% if true %}\nb\n{% endif %}\nc\n", {}),
    ("lstrip_blocks", "a\n   {% if true %}\n  b\n\t {% endif %}  x\nc", {}),
    ("lstrip off by plus", "a\n   {%+ if true %}\n  b{% endif +%}\nc", {}),
    ("print keeps newline", "a\n  {{ 1 }}\n  {{- 2 -}}  \n b\n\n", {}),
    ("comments", "a\n  {# note #}\nb {#- x -#}  c {# {{ no }} #}d", {}),
    ("minus both", "a  {%- if true -%}  b  {%- endif -%}  c", {}),
    ("lines after strip", "{% if true -%}\n\n   {% if true %}x{% endif %}{%- endif %}\n  {% if true %}y{% endif %}", {}),
    ("raw", "{% raw %}{{ x }} {% if %}{% endraw %}|{%- raw -%}  a  {%- endraw -%}  b\n{% raw %}\nq{% endraw %}\nr", {}),
    ("carriage returns", "a\r\n{% if true %}\r\nb\rc{% endif %}\r\n", {}),
    ("braces in print", "{{ {'a': {'b': 1}} }}{{ '}}' }}{{ \"%}\" }}", {}),
    ("line start only", "x {% if true %} y{% endif %}\n {% if true %} {% endif %}\n", {}),
    # Statements.
    ("set scope", "{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = 5 %}{{ x }}{% endfor %}{{ x }}", {}),
    ("set in if", "{% if true %}{% set x = 1 %}{% endif %}{{ x }}", {}),
    ("set several", "{% set a, b = 1, 'z' %}{{ b }}{{ a }}{% set t = 1, 2 %}{{ t }}", {}),
    ("set block", "{% set x %}a{{ 1 + 1 }}b{% endset %}[{{ x }}]", {}),
    ("namespace", "{% set ns = namespace(n=0) %}{% for i in range(5) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", {}),
    ("loop", "{% for x in 'abc' %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}"
             "{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('p', 'q') }};{% endfor %}", {}),
    ("loop filter", "{% for x in range(9) if x is odd %}{{ loop.index }}:{{ x }}/{{ loop.length }} {% endfor %}", {}),
    ("loop else", "{% for x in [] %}a{% else %}none{% endfor %}{% for x in missing %}a{% else %}none{% endfor %}", {}),
    ("loop break", "{% for x in range(9) %}{% if x == 2 %}{% continue %}{% endif %}{% if x > 4 %}{% break %}{% endif %}{{ x }}{% endfor %}", {}),
    ("loop pairs", "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}{% for k in {'x': 1} %}{{ k }}{% endfor %}", {}),
    ("elif", "{% for x in range(4) %}{% if x == 0 %}a{% elif x == 1 %}b{% elif x == 2 %}c{% else %}d{% endif %}{% endfor %}", {}),
    ("macro", "{% macro m(a, b='B', c=none) %}<{{ a }}{{ b }}{{ c }}>{% endmacro %}{{ m(1) }}{{ m(1, c=3) }}{{ m(b=2, a=1)|upper }}", {}),
    ("macro recursion", "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}", {}),
    ("macro unset", "{% macro f(a) %}{{ a is defined }}{{ a }}{% endmacro %}{{ f() }}", {}),
    # Expressions.
    ("arithmetic", "{{ [7 // 2, -7 // 2, 7 % 3, -7 % 3, 7 % -3, 7 / 2, 6 / 2, 2 * 3.5, 1 - 2, -3 + 1, true + 1, 7.5 // 2, -7.5 % 2] }}", {}),
    ("join binds tighter than sum", "{{ 1 + 2 * 3 ~ 4 - 1 }}", {}),
    ("precedence", "{{ 1 + 2 * 3 }}{{ 2 * 3 ~ 4 * 5 }}{{ 'a' ~ 'b' + 'c' }}{{ 1 - 2 - 3 }}{{ not 1 == 2 }}{{ 1 < 2 < 3 }}{{ 3 > 2 > 2 }}{{ -2|abs }}{{ 'a' ~ 'b'|upper }}", {}),
    ("logic values", "{{ 0 or 'x' }}{{ 1 and 'y' }}{{ '' and 1 }}|{{ none or false }}{{ not '' }}{{ true and not false or x }}", {}),
    ("in", "{{ 'b' in 'abc' }}{{ 1 in [1, 2] }}{{ 'k' in {'k': 1} }}{{ 3 not in [1] }}{{ 'a' in missing }}{{ 1 in (1, 2) }}", {}),
    ("ternary", "{{ 'a' if true else 'b' }}{{ 'a' if false }}{{ 'a' if 0 else 'b' if 0 else 'c' }}", {}),
    ("items", "{{ [1, 2, 3][-1] }}{{ 'abc'[0] }}{{ {'a': 1}['a'] }}{{ {'a': 1}.b }}{{ [1][5] }}{{ 'héé'[-1] }}{{ [[1, 2]].0.1 }}", {}),
    ("slices", "{{ [1, 2, 3, 4][1:3] }}{{ 'abcdef'[::-1] }}{{ 'abcdef'[-3:] }}{{ [1, 2, 3][:-1] }}{{ 'abcdef'[4:1:-2] }}{{ [1][5:] }}{{ 'abc'[:9] }}", {}),
    ("emoji counts once", "{{ '🔥x'|length }}{{ '🔥x'[1] }}{{ '🔥x'[:1] }}{% for c in '🔥x' %}{{ c }},{% endfor %}", {}),
    ("values", "{{ true }}{{ none }}{{ [1, 'a', \"it's\", none, 1.0, (1,), ()] }}{{ {'a': [true], 'b\\n': '\\\\'} }}", {}),
    ("reals", "{{ [1.0, 0.1, 1e16, 1e-5, 123456.789, 1e15, 0.0001, 2.5e20, 100.0] }}", {}),
    ("escapes", "{{ 'a\\tb\\x41\\u00e9\\'\\\\n\\q' }}{{ \"x\" 'y' }}", {}),
    ("string methods", "{{ ' a '.strip() }}|{{ 'xxaxx'.lstrip('x') }}|{{ 'xxaxx'.rstrip('x') }}|{{ 'a,b,,c'.split(',') }}|{{ ' a  b '.split() }}|"
                       "{{ 'a b c'.split(' ', 1) }}|{{ 'ab'.startswith('a') }}{{ 'ab'.startswith(('x', 'a')) }}{{ 'ab'.endswith('b') }}", {}),
    ("more methods", "{{ 'aB c'.upper() }}{{ 'aB'.lower() }}{{ 'hello wORLD'.title() }}{{ 'abc'.capitalize() }}{{ 'aaa'.replace('a', 'b', 2) }}"
                     "{{ 'abc'.find('c') }}{{ 'abc'.rfind('z') }}{{ 'aXbX'.count('X') }}{{ 'x'.join(['a', 'b']) }}{{ 'a\\nb\\r\\nc\\n'.splitlines() }}"
                     "{{ 'prefix'.removeprefix('pre') }}{{ 'prefix'.removesuffix('fix') }}{{ '12'.isdigit() }}", {}),
    ("dict methods", "{{ {'a': 1}.get('a') }}{{ {'a': none}.get('a', 2) }}{{ {'a': 1}.get('b', 2) }}{{ {'a': 1}.get('b') }}"
                     "{{ {'a': 1}.keys()|list }}{{ {'a': 1}.values()|list }}{{ {'items': 3}['items'] }}{{ dict(a=1) }}", {}),
    ("undefined", "[{{ missing }}]{{ missing is defined }}{{ messages[0].nope is defined }}{{ missing|length }}{{ 'x' ~ missing }}{{ missing == other }}", {}),
    ("undefined attribute", "{{ missing.x }}", {}),
    ("undefined sum", "{{ 'a' + missing }}", {}),
    ("undefined call", "{{ missing() }}", {}),
    ("type clash", "{{ 'a' + 1 }}", {}),
    ("none item", "{{ none.x is defined }}", {}),
    # Filters and tests.
    ("text filters", "{{ '  a '|trim }}|{{ 'xax'|trim('x') }}|{{ 'aB'|upper }}{{ 'aB'|lower }}{{ 'a b'|title }}{{ 'ab c'|capitalize }}{{ 5|string ~ 1 }}{{ 'aab'|replace('a', 'c') }}", {}),
    ("length", "{{ 'abc'|length }}{{ [1, 2]|length }}{{ {'a': 1}|length }}{{ messages|count }}", {}),
    ("default", "{{ missing|default('d') }}{{ ''|default('d') }}{{ ''|default('d', true) }}{{ none|default('d') }}{{ missing|d }}{{ 0|d(3, boolean=true) }}", {}),
    ("first last", "{{ [1, 2]|first }}{{ [1, 2]|last }}{{ 'abc'|first }}{{ 'abc'|last }}[{{ []|first }}]", {}),
    ("join", "{{ [1, 'a', none]|join(', ') }}{{ 'abc'|join('-') }}{{ messages|join('+', attribute='role') }}", {}),
    ("list", "{{ 'abc'|list }}{{ {'a': 1}|list }}{{ range(3)|list }}{{ range(5, 0, -2)|list }}{{ range(2, 4)|list }}", {}),
    ("map", "{{ messages|map(attribute='role')|join(',') }}{{ ['a', 'b']|map('upper')|list }}{{ messages|map(attribute='nope', default='-')|join }}", {}),
    ("select", "{{ [0, 1, 2, 3]|select('odd')|list }}{{ [0, 1]|select|list }}{{ [0, 1, 2]|reject('equalto', 1)|list }}", {}),
    ("selectattr", "{{ messages|selectattr('role', 'equalto', 'user')|map(attribute='content')|list }}"
                   "{{ messages|rejectattr('role', '==', 'user')|list|length }}{{ messages|selectattr('nope')|list }}"
                   "{{ messages|selectattr('role', 'in', ['system'])|list|length }}", {}),
    ("items filter", "{{ {'a': 1}|items|list }}{{ missing|items|list }}{{ {'b': 1, 'A': 2}|dictsort }}", {}),
    ("int float", "{{ '12'|int }}{{ ' 7 '|int + 1 }}{{ 'x'|int }}{{ 'x'|int(5) }}{{ 3.9|int }}{{ '3.7'|int }}{{ '2.5'|float }}{{ 'x'|float }}{{ true|int }}", {}),
    ("tojson", "{{ {'a': [1, 2.5, none, true, 'é\"\\n<&>\\u0001'], 'b': {}, 'c': []}|tojson }}", {}),
    ("tojson indent", "{{ {'a': [1, {'b': 2}], 'c': [], 'd': {}}|tojson(indent=2) }}{{ [1, 2]|tojson(indent=4) }}", {}),
    ("tojson options", "{{ {'b': 1, 'a': 'é'}|tojson(sort_keys=true, ensure_ascii=true, separators=(',', ':')) }}", {}),
    ("indent", "{{ 'a\\nb\\n\\nc'|indent }}|{{ 'a\\nb'|indent(2, true) }}|{{ 'a\\n\\nb'|indent(width=1, blank=true) }}|{{ 'a\\nb'|indent('>>') }}", {}),
    ("reverse unique", "{{ [1, 2, 3]|reverse|list }}{{ 'abc'|reverse }}{{ [1, 'a', 'A', 1]|unique|list }}{{ -3|abs }}{{ (-2.5)|abs }}", {}),
    ("type tests", "{% for v in [none, true, 1, 1.5, 'x', [1], {'a': 1}] %}{{ [v is none, v is boolean, v is integer, v is float, v is number, "
                   "v is string, v is sequence, v is mapping, v is iterable, v is true, v is false] }}\n{% endfor %}", {}),
    ("value tests", "{{ [4 is even, 4 is odd, 9 is divisibleby 3, 9 is divisibleby(2), 1 is in [1], 1 is sameas 1.0, 1 is eq 1, 1 is ne(1), 1 is lt 2, "
                    "2 is ge 2, 'a' is lower, 'a' is upper, range is callable, 1 is not none, missing is undefined, true is sameas true] }}", {}),
    ("test in condition", "{% if messages[0].role is defined and messages[0].role is not none and not messages[0].x is defined %}y{% endif %}", {}),
    ("time", "{{ strftime_now('%d %b %Y, %B %A %a %H:%M:%S %y %j %p %I %m %%') }}", {}),
    ("filter block", "{% set x = 'b' %}{% filter upper %}a{{ x }}{% set x = 'c' %}{% endfilter %}{{ x }}|"
                     "{% filter trim|replace('a', 'o')|indent(2, true) %}  banana\\n{% for i in range(2) %}{{ i }}{% endfor %}\\n {% endfilter %}|", {}),
    ("format", "{{ 'a{}b{}'.format(1, none) }}|{{ '{0}{1}{0}'.format('x', true) }}|{{ '{{}}{n} {m}'.format(1, n=[1.0, 'q'], m=missing) }}"
               "|{{ '{}'.format({'a': 1}) }}|{{ ''.format() }}", {}),
    ("keys", "{% set d = {0: 'zero', 512: 'many', 2.5: 'half', true: 'one', 's': 5} %}{{ d }}{{ d[0] }}{{ d[512] }}{{ d[2.5] }}{{ d[1] }}{{ d[1.0] }}{{ d['s'] }}"
             "{{ d.get(512) }}{{ d.get(7, 'none') }}{{ 512 in d }}{{ '512' in d }}[{{ d[3] }}][{{ d['0'] }}]{{ d|length }}{{ d|tojson }}"
             "{% for k, v in {512: 1, 7: 2, 2.5: 3}|dictsort %}{{ k + 1 }}={{ v }},{% endfor %}{{ {10: 1, 9: 2}|tojson(sort_keys=true) }}"
             "{{ {1: 'a', true: 'b'} }}{{ {1: 2} == {1.0: 2} }}{{ {1: 2} == {'1': 2} }}{{ d.keys()|list }}{% for k in d %}{{ k }};{% endfor %}", {}),
    ("select of nothing", "{{ none|selectattr('a', 'equalto', 1)|list }}{{ tools|selectattr('type')|list|length }}{{ none|select|list }}{{ none|reject('odd')|list }}"
                          "{{ none|rejectattr('a')|list }}{{ none|map(attribute='a')|list }}{{ missing|selectattr('a')|list }}{{ ''|map('upper')|list }}", {}),
    ("refusal", "{% if messages|length > 2 %}{{ raise_exception('Too long: ' ~ messages|length) }}{% endif %}", {}),
    ("whitespace in content", "{{ messages[2].content }}|{{ messages[2]['content']|trim }}|{{ messages[-1]['content'][4:7] }}", {}),
]


def main():
    rows = []
    for name, template, changes in CASES:
        variables = {"messages": CHAT, "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>", "tools": None, **changes}
        row = {"name": name, "template": template, "variables": variables}
        try:
            row["expected"] = environment().from_string(template).render(**variables)
        except Refused as error:
            row["refusal"] = str(error)
        except (jinja2.exceptions.UndefinedError, TypeError) as error:
            row["error"] = str(error)
        rows.append(row)
    target = ROOT / "tests" / "golden" / "chat-templates.json"
    target.write_text(json.dumps({"source": f"Jinja2 {jinja2.__version__}", "rows": rows}, ensure_ascii=False, indent=1) + "\n")
    print(f"{len(rows)} rows -> {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
