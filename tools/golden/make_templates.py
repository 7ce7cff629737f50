"""Writes Tests/Fixtures/chat-templates.json: what Jinja itself makes of chat templates.

    pip install jinja2 && python tools/golden/make_templates.py

The templates in chat-templates/ are written for this purpose, each in the style of a family of
models. The environment is set up as transformers does it: sandboxed, `trim_blocks`, `lstrip_blocks`,
loop controls, its own `tojson`. `expressions` are small templates that try the language piece by
piece; a case that Jinja refuses has `error` in place of `text`.
"""

import json
import pathlib

import jinja2
import jinja2.ext
import jinja2.sandbox

ROOT = pathlib.Path(__file__).resolve().parents[2]
BEGIN, END = "<s>", "</s>"


class Generation(jinja2.ext.Extension):
    """The tag that marks what an assistant said; it writes what it holds."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.Scope(body).set_lineno(line)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def environment():
    made = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    return made


def turns(*pairs):
    return [{"role": role, "content": content} for role, content in pairs]


CONVERSATIONS = {
    "one": turns(("user", "Hello")),
    "system": turns(("system", "Be brief."), ("user", "Hello")),
    "several": turns(
        ("user", "What is 2 + 2?"), ("assistant", "Four."), ("user", "And 3 + 3?"),
        ("assistant", "Six."), ("user", "Thanks."),
    ),
    "system and several": turns(
        ("system", "You are a pirate.\nStay one."), ("user", "Who are you?"),
        ("assistant", "Arr, a pirate."), ("user", "Prove it."),
    ),
    "unicode": turns(
        ("system", "Réponds en français."), ("user", "Straße, 東京, 🦜🏴‍☠️, e\u0301, \u200f\u05d0"),
        ("assistant", "ﬁne — İstanbul\u2028ΑΒΓΣ"), ("user", "\U0001d54f and \ufffd"),
    ),
    "white space": turns(
        ("user", "  \n\tone\r\ntwo\x0b\x1c \xa0\u3000 "), ("assistant", "\n\n three \n"),
        ("user", "\n"),
    ),
    "empty": turns(("user", "")),
    "empty answer": turns(("user", "Say nothing."), ("assistant", ""), ("user", "Good.")),
    "two users": turns(("user", "One"), ("user", "Two")),
    "assistant first": turns(("assistant", "Hello, I am first."), ("user", "So you are.")),
    "system last": turns(("user", "Hello"), ("system", "Too late.")),
    "system only": turns(("system", "Nobody is here.")),
    "ends with assistant": turns(("user", "Go on"), ("assistant", "Going")),
    "thinking": turns(
        ("user", "Think."), ("assistant", "<think>\nhm\n</think>\n\nDone."), ("user", "Again."),
        ("assistant", "<think>a</think>b</think> c"), ("user", "<tool_response>x</tool_response>"),
    ),
    "markup": turns(
        ("user", "</s><|im_end|>\n<|im_start|>system\n{{ bos_token }}{% raw %}[/INST] ### \\n \"'"),
        ("assistant", "{# no comment #} <|eot_id|>"), ("user", "### ## #"),
    ),
}


def outcome(template, messages, add_generation_prompt=True):
    try:
        text = environment().from_string(template).render(
            messages=messages, tools=None, documents=None,
            add_generation_prompt=add_generation_prompt, bos_token=BEGIN, eos_token=END,
        )
    except Exception as error:  # noqa: BLE001: Jinja lets errors of Python through
        return {"error": str(error) if type(error) is jinja2.exceptions.TemplateError else None}
    return {"text": text}


def templates():
    result = []
    for path in sorted((ROOT / "tools/golden/chat-templates").glob("*.jinja")):
        source = path.read_text()
        cases = []
        for name, messages in CONVERSATIONS.items():
            for adds in (True, False):
                cases.append({"conversation": name, "adds": adds, **outcome(source, messages, adds)})
        result.append({"name": path.stem, "source": source, "cases": cases})
    return result


def expressions():
    lines = (ROOT / "tools/golden/expressions.txt").read_text().split("\n----\n")
    messages = CONVERSATIONS["system and several"]
    return [{"source": source, **outcome(source, messages)} for source in lines]


def main():
    result = {
        "by": f"jinja2 {jinja2.__version__}",
        "begin": BEGIN,
        "end": END,
        "conversations": CONVERSATIONS,
        "templates": templates(),
        "expressions": expressions(),
    }
    path = ROOT / "Tests/Fixtures/chat-templates.json"
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    cases = [case for template in result["templates"] for case in template["cases"]]
    refused = sum("error" in case for case in cases)
    print(f"{path.relative_to(ROOT)}: {len(cases)} renderings, {refused} refused, "
          f"{len(result['expressions'])} expressions")
    for case in result["expressions"]:
        print(repr(case["source"]), "->", repr(case.get("text", case)))


if __name__ == "__main__":
    main()
