"""What libjq makes of programs, as Port's engines run it.

Reads a line of JSON for each case, `[program, input as text]`, and answers each with a line: `{"output": ...}`,
`{"nothing": true}` where there is no output, or `{"failure": "..."}`. Only the first output counts.
"""

import json
import re
import sys

import jq

# Port's engines take some single quotes for double ones before jq sees a program.
QUOTE = re.compile(r"""(^|\s)'(?!\s|")|(?<!\s|")'(\s|$)""")


def prepared(program):
    """The text that jq sees: with other quotes, and without an environment."""
    quoted = QUOTE.sub(lambda found: f'{found[1] or ""}"{found[2] or ""}', program)
    return "def env: {}; {} as $ENV | " + quoted


def answer(program, text):
    try:
        outputs = iter(jq.compile(prepared(program)).input_text(text))
        return {"output": next(outputs)}
    except StopIteration:
        return {"nothing": True}
    except ValueError as error:
        return {"failure": str(error)}


for line in sys.stdin:
    print(json.dumps(answer(*json.loads(line))), flush=True)
