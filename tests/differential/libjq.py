"""Runs programs in libjq as Port's own engine calls it: one JSON array of [program, input] in, one of outcomes out.

An outcome is {"value": ...}, {"none": true} or {"error": "..."}.
"""

import json
import re
import sys

import jq

# Single quotes become double ones where they open or close a word (port-labs/jq-node-bindings, lib/jq.js).
QUOTES = re.compile(r"""(^|\s)'(?!\s|")|(?<!\s|")'(\s|$)""")
NO_ENVIRONMENT = "def env: {}; {} as $ENV | "


def outcome(program, text):
    """The first output: of a program that fails later, too."""
    quoted = QUOTES.sub(lambda found: (found[1] or "") + '"' + (found[2] or ""), program)
    try:
        outputs = iter(jq.compile(NO_ENVIRONMENT + quoted).input_text(text))
        return {"value": next(outputs)}
    except StopIteration:
        return {"none": True}
    except ValueError as error:
        return {"error": str(error)}


if __name__ == "__main__":
    cases = json.load(sys.stdin)
    json.dump([outcome(program, text) for program, text in cases], sys.stdout)
