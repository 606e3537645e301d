#!/usr/bin/env python3
"""Writes tests/data/jinja_cases.jsonl: small templates and what Jinja makes of them, set up as
Hugging Face transformers sets it up for chat templates.

    python3 -m venv venv && venv/bin/pip install transformers==5.24.0 jinja2==3.1.6
    venv/bin/python tests/oracle/jinja_cases.py > tests/data/jinja_cases.jsonl

The first line has the versions and the variables of all templates. Each further line has `template`
and `text` or `error` (the name of the Python exception), or `refused` where Jinja renders what is
refused here on purpose. Nothing of Python runs in the tests themselves.
"""

import copy
import json
import platform
import sys

import jinja2
import transformers
from transformers.utils.chat_template_utils import _compile_jinja_template

CHAT = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is 2+2?"},
        {"role": "assistant", "content": "<think>\nadd\n</think>\n\n4"},
        {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "And \u00fc?"}]},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "description": "Weather of a \"city\" & more",
                "parameters": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}, "days": {"type": ["integer", "null"], "default": 3}},
                    "required": ["city"],
                },
            },
        }
    ],
    "bos_token": "<s>",
    "eos_token": "</s>",
    "add_generation_prompt": True,
    "none_value": None,
    "d": {"b": 2, "a": 1, "C": 3},
    "l": [3, 1, 2],
    "words": ["pear", "Apple", "fig"],
    "people": [{"name": "Ann", "age": 30}, {"name": "bob", "age": 25}, {"name": "Cid", "age": 30}],
    "nested": {"x": [{"y": {"z": "deep"}}], "items": "a key", "_p": 1},
    "s": "Hello, World",
    "u": "Stra\u00dfe \u00c9t\u00e9 \u4f60\u597d \U0001f600",
    "i": 7,
    "f": 2.5,
    "big": 18446744073709551615,
    "t": True,
    "empty": [],
    "text": "a,b,,c",
    "lines": "one\n  two\n\nthree\n",
    "html": "<b>\"x\" & 'y'</b>",
}

WHITESPACE = r"""
{% if true %}
a
{% endif %}
b
===
  {% if true %}
  a
  {% endif %}
b
===
x {% if true %} a {% endif %} y
===
x {%- if true -%} a {%- endif -%} y
===
x
  {%- if true %}
  a
  {%- endif %}
y
===
x
  {%+ if true %}
  a
  {%+ endif %}
y
===
{% if true +%}
a
{% endif +%}
b
===
{{ 'a' -}}

   b
===
b

   {{- 'a' }}
===
x
{# comment #}
y
===
x
  {#- comment -#}
y
===
  {# a #} {# b #}
y
===
x {# a
b #}

y
===
{% for i in [1,2] %}
  {{ i }}
{% endfor %}
===
{% for i in [1,2] -%}
  {{ i }}
{%- endfor %}
===
{% raw %}
{{ x }} {% if %}
{% endraw %}
y
===
{%- raw -%}
  {{ x }}
{%- endraw -%}
y
===
a
  {% raw %} {{ x }} {% endraw %}
y
===
a{{ '\n' }}
===
{% set x = 1 %}

{{ x }}
===
	{% if true %}	tab{% endif %}
===
{{ '{{' }} {{ "}}" }} {{ '{%' }} {{ {'a': {'b': 1}}['a']['b'] }}
===
{{ {'a': 1}}}
===
{%if true%}x{%endif%}
===
{{1}}{{ -1 }}{{- 2 }}{{+3}}
===
{% if true: %}a{% else: %}b{% endif %}
===
x{#
multi
line
#}y
===
x   {#- a -#}   y   {#+ b +#}   z
===


{% if true %}


a
{% endif %}


"""

ENDS = ["x\n", "x\n\n", "x\r\n", "x\r", "a\r\nb\rc\n{% if true %}\r\nd\r\n{% endif %}\r\n", "\n", "",
        "{{ 'a\r\nb' }}", " ", "{{ 1 }}\n", "{% if true %}x{% endif %}\n"]

EXPRESSIONS = r"""
1 + 2 * 3 - 4 / 2
7 // 2, -7 // 2, 7 % 3, -7 % 3, 7 % -3
7.5 // 2, -7.5 % 2, 2 ** 3 ** 2, 2 ** -1, -2 ** 2
-3 | abs, (-3) | abs, -i | abs
1 / 3, 10 / 5, 1e3, 1.5e-7, 1e16, 123456789012345680.0, 0.1 + 0.2
1_000, 0x1F, 0b101, 0o17, 1_0.5_0, 00
9223372036854775807 + 1, big, big + 1, 2 ** 70
true + true, true == 1, 1 == 1.0, '1' == 1, none == false
1 < 2 < 3, 1 < 3 < 2, 1 == 1 != 2, 3 > 2 >= 2
'a' < 'b', 'B' < 'a', 'ab' < 'b', [1, 2] < [1, 3], (1, 2) < (1, 2, 0)
1 < 'a'
none < 1
{} < {}
[1] == (1,)
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
'a' in 'abc', 'd' not in 'abc', 1 in [1, 2], 'a' in d, 'z' not in d, '' in 'x'
1 in 'abc'
1 in none
1 in 5
nope in 'abc'
'a' in nope
1 in [1.0], true in [1]
not true, not '', not nope, not none
true and 'x', '' and 'x', '' or 'y', 'a' or 'b', nope or 'z'
true or (1 / 0)
'a' if true else 'b', 'a' if false, ('a' if false else 'b')
('a' if false) is defined
1 if false else 2 if false else 3
'a' ~ 1 ~ none ~ true ~ 1.5 ~ [1, 'x'] ~ nope
1 + 2 ~ 3 + 4
1 ~ 2 + 3
'a' 'b' "c"
'ab' * 3, 3 * 'ab', [1] * 2, 'x' * 0, 'x' * -1
'a' + 'b', [1] + [2], (1,) + (2,)
'a' + 1
1 + 'a'
[1] + (2,)
nope + 1
nope.x
nope()
nope[0]
nope['x']
1 / 0
1 // 0
1 % 0
1.0 / 0
0 ** -1
-s
+5, +1.5, -true
+none
~1
1 +
[1, 2, 3][0], [1, 2, 3][-1], [1, 2, 3][5] is undefined
'abc'[1], 'abc'[-1], 'abc'[9] is defined
u[0:6], u[-1], u[7:10][::-1], u | length
l[1:], l[:1], l[:-1], l[::-1], l[::2], l[5:], l[-2:], l[2:0:-1], l[:]
s[1:4], s[::-1], s[::2], s[-3:], s[:-3:-1], s[100:], s[:100]
l[::0]
l['a':]
l[nope:]
l[none:2]
d[1:2]
none_value[1:]
d.a, d['a'], d.nope is undefined, d['nope'] is undefined
d.items is callable, nested.items is callable, nested['items']
nested.x[0].y.z, nested['x'][0]['y']['z'], nested.x.0.y.z
nested._p, nested['_p']
s.__class__
s.__class__.__mro__
s['__class__']
d.__init__.__globals__
s._x is undefined
none.foo is undefined
none.foo.bar
i.foo is undefined
l.0, l.9 is defined
l['0'] is undefined
l[1.0] is undefined
l[true]
d[l] is undefined
d[nope] is undefined
(1,), (), (1, 2), 1, 2
[], [1,], [[1, [2]], {}]
{}, {'a': 1, 2: 'b', none: [], true: 1.5}, {'a': 1, 'a': 2}, {1: 'x', true: 'y', 1.0: 'z'}
{[1]: 2}
{(1, 2): 3}[(1, 2)]
true, false, none, True, False, None
'\n\t\\\'\"\x41\u00e9\U0001F600\101' ~ "\'" ~ '\q'
'\x4'
"it's" ~ 'say "hi"'
["it's", 'say "hi"', 'both\'"', 'new\nline', '\x00\x7f', 'é', '\u200b', '\U0001F600', '\\']
[1.0, 1e100, -0.0, 1e-5, 0.0001, 123456789.123456789, 1e22]
1.0, 100.0, 1e15, 1e16, 1.0e-4, 1e-5, 5e-324, 1.7976931348623157e308
1e999, -1e999
range(3) | list, range(1, 4) | list, range(10, 0, -3) | list, range(0) | list
range(3), range(2, 5), range(3)[1], range(3)[-1], range(5)[1:3] | list, 2 in range(3), range(3) | length
range(1, 5, 0)
range(100000) | length
range(100001) | length
range('a')
range(stop=3) | list
dict(a=1, b=2), dict({'x': 1}, y=2), dict([('k', 'v')])
dict(1)
namespace(a=1).a, namespace({'b': 2}).b, namespace().x is undefined
namespace(_a=1)
namespace(a=1)['a'], namespace(a=1) is mapping
loop is undefined, varargs is undefined
raise_exception('boom')
foo.bar.baz
messages[0].role, messages[0]['content'], messages[-1].content[1].text, messages | length
messages[1:] | length, messages[::-1][0].role
messages[0].nope.nope
(1)(2)
s()
"%s and %d" % ('x', 3), '%5.2f|%-5s|%05d|%+d' % (3.14159, 'ab', 42, 7), '%x %X %o %e %g' % (255, 255, 8, 12345.678, 0.0001)
'%(a)s-%(b)s' % {'a': 1, 'b': 2}, '%s' % [1, 2], '%s' % none, '%%' % (), '%c%c' % ('a', 98), '%r' % 'x'
'%s %s' % ('a',)
'%s' % ('a', 'b')
'%d' % 'a'
'%d' % 3.7, '%i' % true, '%.3s' % 'abcdef', '%10s|' % 'abc', '%*d' % (5, 42)
'%q' % 1
'abc' % [1]
'{} {} {}'.format(1, 'a', none), '{1}{0}'.format('a', 'b'), '{x} {y[0]} {z.a}'.format(x=1, y=[5], z={'a': 2})
'{:>5}|{:<5}|{:^5}|{:*^7}'.format('a', 'b', 'c', 'd'), '{:05d} {:+} {:,} {:x} {:#x} {:b}'.format(42, 7, 1234567, 255, 255, 5)
'{:.2f} {:10.3f} {:e} {:g} {:%}'.format(3.14159, 2.5, 12345.678, 1e-10, 0.25), '{!r:>6}'.format('a'), '{{}}'.format()
'{:{w}}|'.format('a', w=5), '{0:.3}'.format('abcdef'), '{:6}|{:6}|'.format(1, 'a'), '{} {}'.format(1.0, true)
'{} {}'.format(1)
'{x}'.format(y=1)
'{0} {}'.format(1, 2)
'{'.format()
'{:d}'.format('a')
'{0.__class__}'.format('a')
"""

FILTERS = r"""
s | upper, s | lower, s | title, s | capitalize, 'hELLO wORLD' | capitalize, "foo-bar (baz) [qux] it's" | title
u | upper, u | lower, u | title, u | capitalize
'  x ' | trim, 'xxaxx' | trim('x'), '\n a\t' | trim, 5 | trim, none | trim, nope | trim ~ '|'
s | replace('l', 'L'), s | replace('l', 'L', 1), s | replace('', '-'), 'aaa' | replace('aa', 'b'), 5 | replace(5, 6)
s | replace('o')
s | length, l | length, d | length, '' | length, u | length, nope | length, range(4) | count
5 | length
none | length
l | first, l | last, 'abc' | first, 'abc' | last, [] | first is undefined, [] | last is undefined, d | first, d | last
none | first
5 | last
l | join, l | join('-'), words | join(', '), 'abc' | join('.'), d | join(','), [none, true, 1.5] | join('|'), nope | join('x')
people | join(', ', attribute='name'), l | join(1)
5 | join
l | sort, l | sort(reverse=true), words | sort, words | sort(case_sensitive=true), people | sort(attribute='age') | map(attribute='name') | list
people | sort(attribute='age,name', reverse=true) | map(attribute='name') | join(','), 'cab' | sort, d | sort
[1, 'a'] | sort
[{'a': 1}, {'b': 2}] | sort
[3, none] | sort
l | reverse | list, 'abc' | reverse, d | reverse | list, range(3) | reverse | list
5 | reverse
l | reverse | length
l | list, 'abc' | list, d | list, nope | list, (1, 2) | list
5 | list
l | min, l | max, words | min, words | max, [] | min is undefined, people | max(attribute='age'), 'abc' | max, words | max(case_sensitive=true)
[1, 'a'] | max
l | sum, [] | sum, [1.5, 2] | sum, people | sum(attribute='age'), l | sum(start=10), [[1], [2]] | sum(start=[])
['a'] | sum
l | unique | list, [1, 1.0, true, 2] | unique | list, ['a', 'A', 'b'] | unique | list, ['a', 'A'] | unique(case_sensitive=true) | list, people | unique(attribute='age') | map(attribute='name') | list
[[1]] | unique | list
l | map('string') | list, words | map('upper') | join(','), people | map(attribute='name') | list, people | map(attribute='nope', default='?') | list, people | map(attribute='name') | map('lower') | list
[[1, 2], [3]] | map('first') | list, [[1, 2], [3]] | map(attribute=0) | list, [{'a': {'b': 1}}] | map(attribute='a.b') | list, [3, 4] | map('default', 5) | list
words | map('replace', 'p', 'P') | list
l | map | list
words | map('nosuch') | list
l | map(attribute='x', foo=1) | list
none | map('upper') | list, '' | map('upper') | list
5 | map('upper') | list
l | select('odd') | list, l | reject('odd') | list, [0, 1, '', 'a'] | select | list, [0, 1, none] | reject | list, l | select('gt', 1) | list, l | select('in', [1, 2]) | list
people | selectattr('age', 'eq', 30) | map(attribute='name') | list, people | rejectattr('age', 'equalto', 30) | list, people | selectattr('nope') | list, people | selectattr('nope', 'undefined') | list | length, messages | selectattr('role', '==', 'user') | list | length
people | selectattr | list
l | select('nosuch') | list
(l | select('odd')) is iterable, (l | select('odd')) is sequence, not (empty | select('odd'))
l | select('odd') | length
l | select('odd') | first, l | map('string') | first
l | select('odd') | last
d | items | list, d.items() | list, nope | items | list
l | items | list
d | dictsort, d | dictsort(true), d | dictsort(by='value'), d | dictsort(reverse=true), d | dictsort(false, 'value', true)
d | dictsort(by='x')
l | dictsort
nope | default('x'), none | default('x'), '' | default('x'), '' | default('x', true), nope | d('y'), 0 | default(5, boolean=true), nope | default, none | default('x', true)
d.nope | default({'a': 1}), d.nope | default([]) | length
nope.x | default('y')
'5' | int, '5.7' | int, 'x' | int, 'x' | int(9), 3.9 | int, -3.9 | int, '0x1A' | int(base=16), '101' | int(0, 2), none | int, ' 42 ' | int, '1_000' | int, true | int, [] | int, '1e3' | int, '0b11' | int(0, 0)
nope | int
1e999 | int
'2.5' | float, 'x' | float, 'x' | float(1.5), 3 | float, none | float, '1e3' | float, 'inf' | float, '-.5' | float, true | float
5 | string, none | string, [1, 'a'] | string, true | string, nope | string ~ '|', 1.0 | string
2.5 | round, 3.5 | round, 42.55 | round(1), 42.55 | round(1, 'floor'), 42.55 | round(1, 'ceil'), 5 | round, 2.675 | round(2), 1234 | round(-2), 0.5 | round, -2.5 | round, 1250 | round(-2)
2.5 | round(1, 'x')
'a' | round
-5 | abs, 5.5 | abs, true | abs
'a' | abs
html | e, html | escape, html | safe, html | e | e, html | forceescape, 5 | e
html | safe + '<', '<' + (html | safe), (html | e) ~ '<', (html | safe) | replace('<', '['), (html | safe).upper(), ('a' | safe) | upper is escaped, 'a' is escaped
'%s-%s' | format('a', 2), '%(x)s' | format(x=1), 'abc' | format
'%s' | format(1, x=2)
'a b  c-d' | wordcount, '' | wordcount, u | wordcount
'x' | center(5) ~ '|', 'ab' | center(5) ~ '|', 'abc' | center(2)
lines | indent, lines | indent(2, true), lines | indent(2, blank=true), 'a\nb' | indent('> '), 'a' | indent(2, first=true), '' | indent, 'a\n' | indent(width=3) ~ '|', 'a\r\nb' | indent(1)
5 | indent
'foo bar baz qux' | truncate(9), 'foo bar baz qux' | truncate(9, true), 'foo bar baz qux' | truncate(11), 'foo bar baz qux' | truncate(11, false, '...', 0), 'foobarbazqux' | truncate(5, false, '', 0)
l | batch(0) | list, l | batch(-1, 'x') | list, l | batch(9, 'x') | list, [] | batch(0) | list, l | slice(-1) | list
[1] | slice(0) | list
d[[]] is undefined, d[(1, [])] is undefined, d[{}] is undefined
[1, 2, 3, 4, 5] | batch(2) | list, [1, 2, 3] | batch(2, 0) | list, [1, 2, 3, 4, 5] | slice(2) | list, [1, 2, 3] | slice(2, 'x') | list
'a b&c/d?é' | urlencode, d | urlencode, {'a b': 'c&d'} | urlencode, [('x', 1), ('y', 'é/')] | urlencode, nope | urlencode, 5 | urlencode
[1] | urlencode
1000 | filesizeformat, 1 | filesizeformat, 999 | filesizeformat, 1500000 | filesizeformat, 2048 | filesizeformat(true)
d | attr('items') is callable, d | attr('a') is undefined, namespace(a=1) | attr('a')
d | tojson, l | tojson, s | tojson, none | tojson, true | tojson, 1.5 | tojson, big | tojson, u | tojson, html | tojson, (1, 2) | tojson, {} | tojson, [] | tojson
d | tojson(indent=2), [1, [2, {}], []] | tojson(indent=4), {} | tojson(indent=2), d | tojson(indent=0), d | tojson(indent='\t'), {'a': [1, 2]} | tojson(indent=none)
d | tojson(sort_keys=true), u | tojson(ensure_ascii=true), d | tojson(separators=(',', ':')), d | tojson(indent=1, separators=(', ', ' = ')), d | tojson(false, 2), u | tojson(true)
'\x00\x1f\x7f\n\r\t\b\f"\\/' | tojson, {1: 'a', none: 1, true: 2, 1.5: 3} | tojson, 1e999 | tojson, 1e16 | tojson, 1e-7 | tojson
nope | tojson
range(3) | tojson
l | map('string') | tojson
d.items() | tojson
namespace(a=1) | tojson
{'a': nope} | tojson
{(1, 2): 1} | tojson
tools[0] | tojson, tools | tojson(indent=4)
s | nosuch
s | upper(1)
s | default(1, 2, 3)
s | default(foo=1)
l | join(', ') | upper | replace('1', 'x') | length
s|upper|lower ~ 'x'|upper
not s | length > 3
(s | length) + 1, s | length + 1
-l | first
"""

TESTS = r"""
s is defined, nope is defined, nope is undefined, d.a is defined, d.x is not defined, none is defined, none is none, nope is none
s is string, 1 is string, 1 is number, 1.5 is number, true is number, 'a' is number, nope is string
1 is integer, true is integer, 1.5 is integer, 1.5 is float, 1 is float, true is boolean, 1 is boolean, true is true, 1 is true, false is false, none is false
d is mapping, l is mapping, namespace() is mapping, nope is mapping
l is iterable, s is iterable, d is iterable, 5 is iterable, none is iterable, nope is iterable, range(3) is iterable
l is sequence, s is sequence, d is sequence, 5 is sequence, none is sequence, nope is sequence, range(3) is sequence, (1,) is sequence, d.items() is sequence, d.keys() is iterable
range is callable, s is callable, s.upper is callable, nope is callable, namespace() is callable, raise_exception is callable
3 is odd, 4 is even, 3 is even, 6 is divisibleby 3, 6 is divisibleby(4), 2.0 is even
'a' is odd
5 is divisibleby 0
1 is eq 1, 1 is equalto 2
1 is == 1
1 is eq(1), 1 is ne 2, 1 is lt 2, 1 is le 1, 2 is gt 1, 2 is ge 3, 2 is greaterthan 1, 2 is lessthan 1
'a' is in 'abc', 1 is in [1, 2], 1 is not in [1, 2]
'a' is in(['a'])
'abc' is lower, 'ABC' is upper, 'aBc' is lower, '1' is lower, 5 is upper
l is filter
'upper' is filter, 'nosuch' is filter, 'odd' is test, 'nosuch' is test, 5 is filter
none is sameas none, 1 is sameas true, l is sameas l, [1] is sameas [1], false is sameas false
1 is nosuch
1 is divisibleby
1 is odd is true
s is string and i is number
s is string or nope is string
not s is string
s is not string, 'x' if s is string else 'y'
l is iterable and l is not string, d is iterable and d is not mapping
tools is not none, tools is defined and tools, none_value is none, none_value is defined
(1 is odd) == true
1 is odd == true
"""

METHODS = r"""
s.upper(), s.lower(), s.title(), s.capitalize(), s.swapcase(), 'ß'.upper(), s.casefold(), u.casefold(), "they're bill's".title()
'  a '.strip() ~ '|', '  a '.lstrip() ~ '|', '  a '.rstrip() ~ '|', 'xyaxy'.strip('xy'), 'aab'.lstrip('a'), 'baa'.rstrip('a'), ' a '.strip(none), '\u00a0x\u3000'.strip()
s.startswith('Hello'), s.startswith(('a', 'H')), s.endswith('ld'), s.startswith('ell', 1), s.startswith('x'), s.endswith('Hello', 0, 5), ''.startswith(''), s.startswith('', 99)
s.startswith(1)
s.startswith(none)
s.startswith(['H'])
s.startswith(nope)
text.split(','), 'a b  c'.split(), 'a b  c'.split(' '), text.split(',', 1), text.split(',', maxsplit=2), text.split(sep=','), 'abc'.split('x'), ''.split(), ''.split(','), '  '.split()
text.rsplit(',', 1), 'a b c'.rsplit(none, 1), 'a b c'.rsplit(maxsplit=1), text.rsplit(','), 'aaa'.rsplit('aa'), ' a b '.rsplit(), ' a  b c '.split(none, 1)
s.split('')
s.split(1)
'<think>x</think>y'.split('</think>')[-1].lstrip('\n'), '<think>x</think>y'.split('</think>')[0].split('<think>')[-1]
lines.splitlines(), lines.splitlines(true), 'a\r\nb\rc\x0bd\u2028e'.splitlines(), ''.splitlines(), 'a\n'.splitlines()
'a=b=c'.partition('='), 'a=b=c'.rpartition('='), 'abc'.partition('='), 'abc'.rpartition('=')
s.replace('l', 'L'), s.replace('l', 'L', 1), s.replace('', '-'), 'é'.replace('', '.')
s.replace('l')
s.find('o'), s.find('o', 5), s.rfind('o'), s.find('zz'), s.index('W'), u.find('你'), u.rfind('é'), s.find('', 3), s.find('', 99), s.find('l', -3)
s.index('zz')
s.count('l'), s.count('l', 4), 'aaaa'.count('aa'), s.count(''), s.count('o', 0, 5)
','.join(['a', 'b']), ''.join([]), '-'.join('abc'), ', '.join(d), ', '.join(d.keys())
','.join([1, 2])
','.join(l | map('string'))
'abc'.isalpha(), 'ab1'.isalnum(), '12'.isdigit(), '½'.isnumeric(), '²'.isdigit(), '²'.isdecimal(), ' \t'.isspace(), ''.isspace(), 'Abc'.istitle(), 'abc'.islower(), 'ABC1'.isupper(), 'a1'.isidentifier(), 'é'.isascii(), 'a\n'.isprintable(), ''.isdigit(), '１２'.isdigit()
'x'.center(5, '*'), 'ab'.center(5, '*'), 'abc'.center(6, '*'), 'a'.ljust(3, '.'), 'a'.rjust(3, '.'), '42'.zfill(5), '-42'.zfill(5), '+4'.zfill(1), 'é'.center(4, '→')
'x'.center(5, 'ab')
'prefix-a'.removeprefix('prefix-'), 'a-suffix'.removesuffix('-suffix'), 'a'.removeprefix('x'), 'a'.removesuffix('')
d.get('a'), d.get('x'), d.get('x', 'y'), d.get('a', 5), d.get(none)
d.get()
d.get('x', default=1)
d.keys() | list, d.values() | list, d.items() | list, d.keys(), d.values(), d.items(), {}.items()
d.keys() | length, 'a' in d.keys(), d.items() | first, d.items() | last, d.values() | sum
d.items()[0] is undefined
d.copy()
d.update({'x': 1})
d.pop('a')
d.setdefault('a', 1)
l.append(4)
l.pop()
l.extend([1])
l.sort()
l.index(1), l.count(1), (1, 2, 1).count(1), (1, 2).index(2), l.copy()
l.index(99)
l.nosuch()
s.nosuch()
d.nosuch()
i.nosuch()
none.nosuch()
s.encode('utf-8') is defined
s.format_map is callable
s.upper(1)
d.a()
d['get']('a'), s['upper'](), nested['x'].0.y['z']
(s | upper).lower().title()
s.upper().lower().startswith('he')
s.split(',')[0].strip(), s.split(',')[1:] | join
messages[2].content.split('</think>')[-1].strip(), '</think>' in messages[2].content
messages[3].content is string, messages[3].content is iterable, messages[3].content[0].type
messages[3].content | selectattr('type', 'equalto', 'text') | map(attribute='text') | join
"""

STATEMENTS = r"""
{% for m in messages %}{{ loop.index }}/{{ loop.length }} {{ m.role }}{% if not loop.last %}, {% endif %}{% endfor %}
===
{% for x in l %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.depth }}{{ loop.depth0 }} {% endfor %}
===
{% for x in l %}{{ loop.previtem }}-{{ loop.nextitem }}{{ loop.previtem is defined }} {% endfor %}
===
{% for x in l %}{{ loop.cycle('a', 'b') }}{% endfor %}
===
{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }} {% endfor %}
===
{% for x in l %}{{ loop }}{% endfor %}
===
{% for x in [] %}x{% else %}empty{% endfor %}
===
{% for x in l if x > 1 %}{{ loop.index }}:{{ x }}/{{ loop.length }} {% else %}none{% endfor %}
===
{% for x in l if x > 5 %}{{ x }}{% else %}none{% endfor %}
===
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}
===
{% for k in d %}{{ k }}{% endfor %}{% for c in 'abc' %}{{ c }}.{% endfor %}
===
{% for a, (b, c) in [(1, (2, 3)), [4, [5, 6]]] %}{{ a }}{{ b }}{{ c }} {% endfor %}
===
{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}
===
{% for a, b in ['xy'] %}{{ a }}{{ b }}{% endfor %}
===
{% for a, b in l %}{{ a }}{% endfor %}
===
{% for x in nope %}x{% else %}nothing{% endfor %}
===
{% for x in none %}x{% endfor %}
===
{% for x in 5 %}x{% endfor %}
===
{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}
===
{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}
===
{% for x in l %}{% for y in l %}{% if y == 1 %}{% break %}{% endif %}{{ x }}{{ y }} {% endfor %}{% endfor %}
===
{% for x in l %}{% break %}{% else %}else{% endfor %}{% for x in l %}{% continue %}{% else %}else{% endfor %}
===
{% for x in l %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% else %}else{% endfor %}
===
{% break %}
===
{% for x in l %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}
===
{% set x = 1 %}{% for i in l %}{% set x = x + i %}{{ x }} {% endfor %}{{ x }}
===
{% set ns = namespace(x=1) %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}
===
{% set ns = namespace() %}{% set ns.a = [] %}{% for i in l %}{% set ns.a = ns.a + [i * 2] %}{% endfor %}{{ ns.a }}{{ ns }}
===
{% set ns.x = 1 %}
===
{% set d.x = 1 %}
===
{% set ns = namespace() %}{% set ns._x = 1 %}
===
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = b, a %}{{ a }}{{ b }}
===
{% set x = 1, 2 %}{{ x }}{% set (y) = 3 %}{{ y }}
===
{% set x %}block {{ s }}{% endset %}[{{ x }}]{{ x | length }}
===
{% set x | upper | trim %}  block {{ s }} {% endset %}[{{ x }}]
===
{% set x %}{% set y = 1 %}{% endset %}{{ y is defined }}
===
{% set ns = namespace() %}{% set ns.t %}abc{% endset %}{{ ns.t }}
===
{% set true = 1 %}
===
{% set 1 = 2 %}
===
{% if nope %}a{% elif none %}b{% elif '' %}c{% elif 0 %}d{% elif [] %}e{% else %}f{% endif %}
===
{% if true %}{% set y = 5 %}{% endif %}{{ y }}
===
{% if l %}a{% endif %}{% if not l %}b{% endif %}{% if 0.0 %}c{% endif %}{% if ' ' %}d{% endif %}
===
{% macro m(a, b=2, c='x') %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }}|{{ m(1, 3) }}|{{ m(1, c='z') }}|{{ m() }}|{{ m(b=1, a=2) }}
===
{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}{{ m(nope) }}{{ m(none) }}
===
{% macro m(a, b=a ~ '!') %}{{ b }}{% endmacro %}{{ m('x') }}{{ m('x', 'y') }}
===
{% set b = 'outer' %}{% macro m(a=b, b=2) %}[{{ a }}{{ b }}]{% endmacro %}{{ m() }}
===
{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}
===
{% macro m(a) %}{% endmacro %}{{ m(x=2) }}
===
{% macro m(a) %}{% endmacro %}{{ m(1, a=2) }}
===
{% macro m(a) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, x=4) }}{{ m(1) }}
===
{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}
===
{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}B{% endmacro %}{{ a() }}
===
{% macro m() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ m() }}{% set x = 2 %}{{ m() }}
===
{% macro m() %}{{ s }}{{ i }}{% set i = 9 %}{{ i }}{% endmacro %}{{ m() }}{{ i }}
===
{% for x in l %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}{% endfor %}
===
{% macro m() %}{{ loop is defined }}{% endmacro %}{% for x in [1] %}{{ m() }}{% endfor %}
===
{% macro m() %}  a  {% endmacro %}[{{ m() | trim }}]{{ m.name }}{{ m is callable }}
===
{% macro m(x) %}<{{ caller() }}>{{ x }}{% endmacro %}{% call m(1) %}body{{ i }}{% endcall %}
===
{% macro m() %}{{ caller('a', b=2) }}{% endmacro %}{% call(x, b=1) m() %}{{ x }}{{ b }}{% endcall %}
===
{% macro m() %}no{% endmacro %}{% call m() %}body{% endcall %}
===
{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}
===
{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}
===
{% macro m(x, caller) %}{% endmacro %}
===
{% macro m(a=1, b) %}{% endmacro %}
===
{% macro m(*args) %}{% endmacro %}
===
{% macro f(x) %}{{ x * 2 }}{% endmacro %}{% set g = f %}{{ g(2) }}{{ namespace(h=f).h(4) }}
===
{% macro m(a, b, c) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(*l) }}{{ m(**{'a': 1, 'b': 2, 'c': 3}) }}{{ m(*[1, 2], c=3) }}
===
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(**{1: 2}) }}
===
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(*5) }}
===
{% filter upper %}abc {{ s }}{% endfilter %}
===
{% filter replace('a', 'b') | trim %} aaa {% endfilter %}|
===
{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}
===
{% set a = 5 %}{% with a = 1, b = a %}{{ a }}{{ b }}{% set c = 1 %}{% endwith %}{{ a }}{{ c is defined }}
===
{% with %}{% set z = 1 %}{{ z }}{% endwith %}{{ z is defined }}
===
{% generation %}text {{ s }}{% set q = 1 %}{% endgeneration %}{{ q is defined }}
===
{% for m in messages %}{% generation %}{{ m.role }}{% endgeneration %}{% endfor %}
===
{% print 1, 2 %}{% print s %}
===
{% for x in l %}{% set loop = 1 %}{% endfor %}
===
{% for loop in l %}{% endfor %}
===
{% for x in l %}{% set outer = loop %}{% for y in [1] %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}
===
{% if x %}
===
{% for x in l %}{{ x }}
===
{% endif %}
===
{% else %}
===
{% if true %}{% endfor %}
===
{% foo %}
===
{% if true %}a{% else %}b{% else %}c{% endif %}
===
{% for %}{% endfor %}
===
{% for x of l %}{% endfor %}
===
{% set x %}
===
{% macro %}{% endmacro %}
===
{{ }}
===
{{ 1 2 }}
===
{{ (1 }}
===
{{ [1, 2 }}
===
{{ 'abc }}
===
{{ 1
===
{% if
===
{# open
===
{% raw %}open
===
{{ ) }}
===
{{ (] }}
===
{{ a b }}
===
{{ a ! b }}
===
{{ a ? b }}
===
{{ a && b }}
===
{{ a = b }}
===
{{ a.  }}
===
{{ a|  }}
===
{{ a is }}
===
{{ f(a=1, 2) }}
===
{{ f(*a, *b) }}
===
{{ x[ }}
===
{{ {1} }}
===
{{ 007 }}
===
{{ 1__0 }}
===
{{ @ }}
===
{{ x; }}
===
{% if true %}{{ 'x' | nosuch }}{% endif %}
===
{% if false %}{{ 'x' | nosuch }}{% endif %}ok
===
{% if false %}{% for x in l %}{{ x | nosuch }}{% endfor %}{% endif %}ok
===
{{ 'x' if true else ('y' | nosuch) }}
===
{% if 'nosuch' is filter %}{{ s | nosuch }}{% else %}fallback{% endif %}
===
{% set f = people | selectattr('age', 'eq', 30) %}{% for p in f %}{{ p.name }}{% endfor %}|{% for p in f %}{{ p.name }}{% endfor %}
===
{% set f = l | map('string') %}{{ f | first }}{{ f | first }}{{ f | list }}{{ f | list }}
===
{% for x in l | select('odd') %}{{ loop.index }}{{ loop.last }}{{ loop.length }} {% endfor %}
===
{% for c in u %}{{ c }}|{% endfor %}
===
{% for x in range(3) %}{% for y in range(x) %}{{ loop.index }}{{ loop.last }}{% endfor %};{% endfor %}
===
{% for m in messages if m.role == 'user' %}{{ loop.index }}{{ m.content is string }}{% endfor %}
===
{% for x in l recursive %}{{ x }}{% endfor %}{# recursive loops without a call are refused here #}
===
{% set x = namespace(found=false) %}{% for m in messages %}{% if m.role == 'user' and not x.found %}{% set x.found = true %}{{ loop.index0 }}{% endif %}{% endfor %}{{ x.found }}
===
{% set content = messages[2].content %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1].lstrip('\n') %}{% endif %}{{ content }}
===
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {{- index ~ message.role }}
{%- endfor %}
===
{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate') }}{% endif %}{% endfor %}
===
{{ bos_token + eos_token }}{{ pad_token }}{{ bos_token ~ pad_token }}
===
{{ bos_token + pad_token }}
===
{%- set tools = tools if tools is defined else none -%}{{ tools is not none }}
===
{% for tool in tools %}{{ tool.function.parameters.properties | tojson }}{% for k, v in tool.function.parameters.properties.items() %}{{ k }}: {{ v.type }}{{ v.default }}{% endfor %}{% endfor %}
===
{% for tool in tools %}{%- for name, p in tool.function.parameters.properties.items() -%}{{ name }}{% if name in tool.function.parameters.required %} (required){% endif %}{% if p.type is string %}{{ p.type }}{% else %}{{ p.type | join(' | ') }}{% endif %}
{% endfor %}{% endfor %}
===
{% if tools[0].function.parameters.properties.city.type == 'string' %}yes{% endif %}
===
{{ "a" if messages[0]['role'] == 'system' else "b" }}{{ messages[0]['content'] | trim if messages[0]['role'] == 'system' }}
===
{% set ns = namespace(s='') %}{% for w in words %}{% set ns.s = ns.s ~ w ~ ' ' %}{% endfor %}{{ ns.s | trim }}
===
{{ 'x' * 3 ~ 'y' }}{{ ('a', 'b')[1] }}{{ {'a': 'b'}.a }}{{ [1, 2][0] + 1 }}{{ 'abc'.upper()[0] }}
===
{{ messages | tojson }}
===
{% set d2 = dict(d, z=9) %}{{ d2 | tojson }}{{ d2.z }}
===
{% set merged = dict(d.items() | list + [('q', 1)]) %}{{ merged }}
===
{% do 1 %}
===
{% set x = [1, 2] %}{% set y = x %}{{ x is sameas y }}{{ x == y }}
===
{{ '' }}{{ none }}{{ true }}{{ [] }}{{ {} }}{{ () }}
===
{% if messages is string %}a{% elif messages is mapping %}b{% elif messages is iterable %}c{% endif %}
===
{{ [nope] }}{{ {'a': nope} }}{{ (nope,) }}
===
{% set é = 1 %}{{ é }}
===
{{ not_ }}{{ if_ }}{{ x_1 }}
===
{{ in }}
===
{{ loop.index }}
===
{% macro t(schema, level=0) %}{% if schema.type == 'object' %}{ {%- for k, v in schema.properties.items() %}{{ k }}:{{ t(v, level + 1) }}{{ ',' if not loop.last }}{% endfor -%} }{% else %}{{ schema.type }}@{{ level }}{% endif %}{% endmacro %}{{ t(tools[0].function.parameters) }}
===
{{ 1 }}{# c #}{{ 2 }}
===
{% set a = 1 %}{% set b = a if a > 0 else -a %}{{ b }}
===
{{ 5 is divisibleby 5 and 4 is even }}
===
{{ (1, 2) in [(1, 2)] }}{{ [1] in [[1]] }}
===
{{ '%s' % nope }}{{ '%s|%s' % (nope, none) }}
===
{{ u | tojson }}{{ [u] }}{{ u.upper() }}
===
{{ loop }}{{ caller }}{{ varargs }}
===
{% set x = caller %}{{ x is defined }}
===
{{ range(1, 11)[2:5] | list }}{{ range(10)[::-3] | list }}
===
{{ {'a': 1}.get('a') + {'b': 2}.get('b', 0) }}
===
{{ d.items() | map('first') | join }}{{ d.items() | map('last') | sum }}
===
{{ d | length }}{{ d.keys() | sort }}{{ d.values() | sort(reverse=true) }}{{ d | dictsort | map('first') | join(',') }}
===
{{ people | map(attribute='age') | unique | list }}{{ people | map(attribute='age') | max }}
===
{% for k, v in d | dictsort %}{{ k }}{{ v }}{% endfor %}{% for k, v in d | items %}{{ k }}{{ v }}{% endfor %}
===
{% for b in [1, 2, 3] | batch(2) %}{{ b }}{{ loop.length }}{% endfor %}
===
{% import 'x' as y %}
===
{% include 'x' %}
===
{% extends 'x' %}
===
{{ f'x' }}
===
{{ 1if true else 2 }}
===
{{ 1.5.foo }}{{ 1.foo }}
===
{{ x.1.2 is defined }}
===
{{ l.1 }}{{ [[1, 2]].0.1 }}
===
{{ -1 ** 2 }}{{ 2 * -3 }}{{ 2 - -3 }}{{ not not true }}{{ - - 1 }}
===
{{ 1 + 2 if true else 3 }}{{ [1 if false else 2] }}{{ (1 if true) + 1 }}
===
{{ 'a' in ['a'] and 'b' not in ['a'] or false }}
===
{{ d['a' if true else 'b'] }}{{ d[('a')] }}{{ l[l[1]] }}
===
{{ true is not false }}{{ none is not none }}{{ 1 is not string }}
===
{{ messages|map(attribute='role')|join(' ')|upper }}
===
{% for m in messages %}{{ '<|' ~ m.role ~ '|>' }}{{ m.content if m.content is string else m.content | map(attribute='type') | join('+') }}{% endfor %}
"""


def expression_cases(block):
    for line in block.strip("\n").split("\n"):
        yield "{{ " + line + " }}"


def template_cases(block):
    yield from block.strip("\n").split("\n===\n")


def all_templates():
    yield from template_cases(WHITESPACE)
    yield from ENDS
    for block in (EXPRESSIONS, FILTERS, TESTS, METHODS):
        yield from expression_cases(block)
    yield from template_cases(STATEMENTS)


def run(template, variables):
    try:
        return {"text": _compile_jinja_template(template).render(**copy.deepcopy(variables))}
    except Exception as error:  # whatever Python raises is an error of the template
        return {"error": type(error).__name__}


# What is refused here on purpose, with Jinja's behaviour in the comment.
REFUSED = {
    "{% for x in l recursive %}",  # renders as a plain loop
    "{{ s.encode('utf-8') is defined }}",  # bytes do not exist here
}


def main():
    versions = {"jinja2": jinja2.__version__, "transformers": transformers.__version__,
                "python": platform.python_version()}
    print(json.dumps(versions | {"vars": CHAT}, ensure_ascii=False))
    for template in all_templates():
        if any(template.startswith(refused) for refused in REFUSED):
            print(json.dumps({"template": template, "refused": True}, ensure_ascii=False))
            continue
        result = run(template, CHAT)
        if "0x" in result.get("text", "") and " at 0x" in result["text"]:
            sys.exit(f"the result holds an address: {template!r}")
        print(json.dumps({"template": template} | result, ensure_ascii=False))


if __name__ == "__main__":
    main()
