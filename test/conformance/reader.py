"""A second reader of decorated JSON, written from its rules alone; it knows no types. `python3 reader.py [folder]` runs it over the kit and
tells what it takes and should not, refuses and should take, or writes in another way than the kit has it."""

import base64
import calendar
import json
import pathlib
import re
import sys
from decimal import Decimal


class Refused(Exception):
    pass


class Number(str):
    """A number as it is written."""


# What the profiles have: URLs in references, links and forms, tags that nobody knows, secrets that are withheld.
PROFILES = {
    "store": {"unknown"}, "queue": set(), "canonical": set(),
    "api-in": {"urls", "withheld"}, "api-out": {"urls", "withheld", "links", "unknown"},
}
NAME, DAY = "[a-z][a-z0-9_]*", r"(\d{4})-(\d\d)-(\d\d)"
NUMERAL, ADDRESS = r"(?!-0(\.0*)?$)-?(0|[1-9]\d*)", r"(/|[A-Za-z][\w+.-]*:)\S*"
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
TEXTS = {
    "Time": DAY + r"T([01]\d|2[0-3])(:[0-5]\d){2}\.\d{3}Z", "Date": DAY, "Dur": r"PT(0|[1-9]\d*)(\.(?!\d*0S)\d{1,3})?S",
    "Int": NUMERAL, "Dec": NUMERAL + r"(\.\d+)?", "Num": "NaN|-?Infinity", "Bytes": "[A-Za-z0-9_-]*",
}


def check(holds):
    if not holds:
        raise Refused


def matches(pattern, text):
    check(isinstance(text, str) and not isinstance(text, Number))
    return re.fullmatch(pattern, text, re.A)


def parse(text):
    depth = 0
    for token in re.findall(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token, 0)
        check(depth <= 64)
    try:
        return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=lambda _: check(False), object_pairs_hook=members)
    except ValueError:
        raise Refused


def members(pairs):
    check(len(dict(pairs)) == len(pairs))
    return dict(pairs)


def read(value, has, free=False):
    """Any value; `free` where nothing is interpreted, and no digit may be lost."""
    if isinstance(value, Number):
        check(len(value) <= 1024 and abs(float(value)) != float("inf"))
        if free or value.lstrip("-").isdigit():
            check(Decimal(value) == Decimal(repr(float(value))) or not free and int(value) == int(float(value)))
    elif isinstance(value, str):
        check(not re.search("[\0\ud800-\udfff]", value))
    elif isinstance(value, list):
        for item in value:
            check(free or item is not None)
            read(item, has, free)
    elif isinstance(value, dict):
        key = next(iter(value), "")
        if not free and len(value) == 1 and matches("[A-Z][A-Za-z0-9]*", key):
            return read_tagged(key, value[key], has)
        for key, member in value.items():
            check(free or matches(NAME + "|__v|__idx|__type", key))
            read(key, has)
            read(member, has, free)
        if "__v" in value and not free:
            check(isinstance(value["__v"], Number) and float(value["__v"]).is_integer() and 1 <= float(value["__v"]) < 2**53)


def read_tagged(tag, payload, has):
    if tag in TEXTS:
        found = matches(TEXTS[tag], payload)
        check(found)
        if tag in ("Time", "Date"):
            year, month, day = map(int, found.groups()[:3])
            check(year and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1])
        elif tag == "Dur":
            check(Decimal(payload[2:-1]) * 1000 < 2**53)
        elif tag == "Bytes":
            check(len(payload) % 4 != 1)
            held = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
            check(base64.urlsafe_b64encode(held).decode().rstrip("=") == payload)
        else:
            check(sum(map(str.isdigit, payload)) <= 1024)
    elif tag in ("Set", "Map"):
        check(isinstance(payload, list) and all(tag == "Set" or isinstance(pair, list) and len(pair) == 2 for pair in payload))
        read(payload, has)
        texts = [units(canonical(item if tag == "Set" else item[0])) for item in payload]
        check(all(left < right for left, right in zip(texts, texts[1:])))
    elif tag == "Dict":
        check(isinstance(payload, dict))
        read([*payload, *payload.values()], has)
    elif tag in ("Resource", "Task"):
        check(isinstance(payload, list) and (len(payload) == 2 or len(payload) == 3 and "urls" in has))
        forms = NAME + (rf"(\.{NAME})?" if tag == "Task" else ""), UUID, ADDRESS
        check(all(matches(form, text) for form, text in zip(forms, payload)))
    elif tag == "Vault":
        check(isinstance(payload, list) and len(payload) == 2 and isinstance(payload[0], Number))
        check(payload[0].isdigit() and int(payload[0]) < 2**53)
        check(payload[1] is None if "withheld" in has else matches("(?s).+", payload[1]))
        read(payload[1], has)
    elif tag in ("Link", "Form"):
        check("links" in has and isinstance(payload, dict))
        check(matches("(?s).*", payload.get("rel")) and matches(ADDRESS, payload.get("href")))
        check(tag == "Link" or payload.get("method") in ("GET", "POST", "PUT", "PATCH", "DELETE"))
        read(payload, has)
    else:
        check(tag == "Json" or "unknown" in has)
        read(payload, has, free=True)


def units(text):
    return text.encode("utf-16-be", "surrogatepass")


def canonical(value):
    """RFC 8785."""
    if isinstance(value, Number):
        return spell(float(value))
    if isinstance(value, list):
        return f"[{','.join(map(canonical, value))}]"
    if isinstance(value, dict):
        return "{%s}" % ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in sorted(value, key=units))
    return json.dumps(value, ensure_ascii=False)


def spell(number):
    """The shortest digits that give the double, as JavaScript has them: with an exponent below 1e-6 and from 1e21 on."""
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    text, point = "".join(map(str, digits)), len(digits) + exponent
    if number == 0:
        return "0"
    if -6 < point <= 21:
        text = text.ljust(point, "0") if point > 0 else "0" * (1 - point) + text
        text = f"{text[:max(point, 1)]}.{text[max(point, 1):]}".rstrip(".")
    else:
        text = f"{text[0]}.{text[1:]}".rstrip(".") + f"e{point - 1:+d}"
    return "-" * sign + text


def trip(text, profile):
    """Text in; canonical text out, or None where it is refused."""
    try:
        value = parse(text)
        read(value, PROFILES[profile])
    except Refused:
        return None
    return canonical(value) if profile != "canonical" or canonical(value) == text else None


def main(folder):
    kit = [(name, case) for name in ("valid", "invalid", "canonical") for case in json.loads((folder / f"{name}.json").read_text("utf-8"))]
    wrong = 0
    for name, case in kit:
        expected = None if name == "invalid" else case.get("canonical", case["text"])
        got = trip(case["text"], case.get("profile", "canonical" if name == "canonical" else "store"))
        if got != expected and case.get("by") != "type":
            wrong += 1
            print(f"{name}: {case['name']}: expected {expected or 'a refusal'}, got {got or 'a refusal'}")
    print(f"{len(kit)} cases, {wrong} wrong")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent))
