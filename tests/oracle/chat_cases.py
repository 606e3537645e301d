#!/usr/bin/env python3
"""Writes tests/data/chat_cases.jsonl: the templates of tests/data/chat_templates rendered with several
chats by Hugging Face transformers. Versions and use as in jinja_cases.py.

The first line has the versions, the chats and the special tokens. Each further line has `template`,
`chat`, and `text` or `error` (the name of the Python exception).
"""

import copy
import json
import pathlib

import jinja2
import transformers
from transformers.utils.chat_template_utils import _normalize_chat_messages, render_jinja_template

TEMPLATES = pathlib.Path(__file__).parent.parent / "data" / "chat_templates"
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city,\nin \"degrees\"",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "name of the city"},
                "days": {"type": ["integer", "null"], "default": 3},
                "units": {"type": "string", "enum": ["C", "F"], "default": "C"},
                "tags": {"type": "array", "items": {"type": "string"}},
                "where": {"type": "object", "properties": {"lat": {"type": "number"}}, "required": ["lat"]},
            },
            "required": ["city"],
        },
        "return": {"type": "number"},
    },
}
TIME = {"type": "function", "function": {"name": "now", "description": "The time", "parameters": {"type": "object", "properties": {}}}}


def user(text):
    return {"role": "user", "content": text}


def assistant(text, **more):
    return {"role": "assistant", "content": text} | more


def call(name, arguments, **more):
    return {"type": "function", "id": "abcdefgh1", "function": {"name": name, "arguments": arguments}} | more


SYSTEM = {"role": "system", "content": "Be brief.\nBe kind. "}
RESULT = {"role": "tool", "content": "{\"t\": 21.5}", "tool_call_id": "abcdefgh1", "name": "get_weather"}

CHATS = {
    "one": {"messages": [user("Hi")]},
    "no_prompt": {"messages": [user("Hi")], "add_generation_prompt": False},
    "system": {"messages": [SYSTEM, user(" What is 2+2?\n")]},
    "turns": {"messages": [SYSTEM, user("a"), assistant(" b "), user("c\n  d "), assistant("e")], "add_generation_prompt": False},
    "unicode": {"messages": [user("Stra\u00dfe \u4f60\u597d \U0001f600 \"q\" <b>&'"), assistant("\u00e9\u00a0x"), user("?")]},
    "thinking": {"messages": [user("x"), assistant("<think>\nhm\n</think>\n\ny"), user("z")]},
    "reasoning": {"messages": [user("x"), assistant("y", reasoning_content="why\n")], "add_generation_prompt": False},
    "reasoning_old_name": {"messages": [user("x"), assistant("y", thinking="why"), user("z")]},
    "no_thinking": {"messages": [user("x")], "enable_thinking": False},
    "tools": {"messages": [SYSTEM, user("Weather in Paris?")], "tools": [WEATHER, TIME]},
    "tools_not_in_user": {"messages": [user("Weather?")], "tools": [WEATHER], "tools_in_user_message": False, "date_string": "1 Jan 2026"},
    "no_tools": {"messages": [user("Weather?")], "tools": []},
    "call": {"messages": [user("w?"), assistant("", tool_calls=[call("get_weather", {"city": "Paris", "days": None, "tags": ["a", "\u00fc"]})]), RESULT], "tools": [WEATHER]},
    "call_without_content": {"messages": [user("w?"), assistant(None, tool_calls=[call("get_weather", {"city": "Paris"})]), RESULT, assistant("Warm."), user("thanks")], "tools": [WEATHER]},
    "two_calls": {"messages": [user("w?"), assistant("Looking.", tool_calls=[call("get_weather", {"city": "A"}), call("now", {}, id="abcdefgh2")]), RESULT, RESULT | {"content": "12:00", "tool_call_id": "abcdefgh2"}, assistant("Done.")], "tools": [WEATHER, TIME], "add_generation_prompt": False},
    "call_with_text_arguments": {"messages": [user("w?"), assistant("", tool_calls=[call("get_weather", "{\"city\": 1}")])]},
    "documents": {"messages": [SYSTEM, user("q")], "documents": [{"id": 1, "title": "T one", "text": "body"}, {"title": "T2", "authors": ["x", "y"]}]},
    "parts": {"messages": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": " look "}]}]},
    "not_alternating": {"messages": [user("a"), user("b")]},
    "unknown_role": {"messages": [user("a"), {"role": "critic", "content": "b"}]},
    "late_system": {"messages": [user("a"), SYSTEM]},
    "no_content": {"messages": [{"role": "user"}]},
    "number_content": {"messages": [user(5)]},
    "effort": {"messages": [user("a")], "reasoning_effort": "high", "model_identity": "You are x."},
    "mode_in_system": {"messages": [{"role": "system", "content": "Short. /no_think"}, user("a"), assistant("b"), user("c")]},
    "many": {"messages": [SYSTEM] + [user(f"q{i}") if i % 2 == 0 else assistant(f"a{i}") for i in range(21)]},
}


def run(template, chat):
    chat = copy.deepcopy(chat)
    try:
        messages = _normalize_chat_messages(chat.pop("messages"))
        variables = {"add_generation_prompt": True} | TOKENS | chat
        return {"text": render_jinja_template([messages], chat_template=template, **variables)[0][0]}
    except Exception as error:  # whatever Python raises is an error of the template
        return {"error": type(error).__name__}


def main():
    print(json.dumps({"jinja2": jinja2.__version__, "transformers": transformers.__version__,
                      "special_tokens": TOKENS, "chats": CHATS}, ensure_ascii=False))
    for path in sorted(TEMPLATES.glob("*.jinja")):
        template = path.read_text(encoding="utf-8")
        for name, chat in CHATS.items():
            line = {"template": path.name, "chat": name} | run(template, chat)
            print(json.dumps(line, ensure_ascii=False))


if __name__ == "__main__":
    main()
