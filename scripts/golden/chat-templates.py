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
THOUGHT = CHAT[:2] + [{"role": "assistant", "content": "<think>\nwarm?\n</think>\n\nwarm"}]

# (name, template, variables beyond or instead of the usual ones)
CASES = [
    *[(f"{name}, {kind}", text, {"messages": messages, "add_generation_prompt": ask})
      for name, text in [("chatml", CHATML), ("llama 3", LLAMA3), ("mistral", MISTRAL), ("gemma", GEMMA),
                         ("phi 3", PHI3), ("zephyr", ZEPHYR), ("qwen 3", QWEN3)]
      for kind, messages, ask in [("whole chat", CHAT, True), ("no prompt", CHAT, False), ("user only", USER, True)]],
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
