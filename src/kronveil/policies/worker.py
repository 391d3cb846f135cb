"""The process that evaluates Rego: lines of JSON in, lines of JSON out. The library is native code that some rules can
crash or keep busy for ever; here that ends this process, and nothing else.

Imports next to nothing: it is started anew after each crash.
"""

import json
import sys

from regopy import Bundle, Interpreter, LogLevel, RegoError


def main() -> None:
    """Learn the modules from the first line, then answer questions until nobody asks."""
    interpreter = Interpreter()
    # Its own messages would go to standard output, between our lines.
    interpreter.log_level = LogLevel.NONE
    # A built-in that fails is undefined otherwise: a rule that forbids would then silently not apply.
    interpreter.strict_built_in_errors = True
    problem: dict[str, object] | None = None
    for name, text in json.loads(sys.stdin.readline()):
        try:
            interpreter.add_module(name, text)
        except RegoError as error:
            problem = {"module": name, "problem": str(error)}
            break
    _say(problem or {})
    bundles: dict[str, Bundle] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        _say(_answer(interpreter, bundles, asked["query"], asked["input"]))


def _answer(interpreter: Interpreter, bundles: dict[str, Bundle], query: str, document: object) -> dict[str, object]:
    try:
        interpreter.set_input(document)
        if query not in bundles:
            # Compiled once: a question then costs a tenth.
            bundles[query] = interpreter.build(query)
        output = interpreter.query_bundle(bundles[query])
    except RegoError as error:
        return {"problem": str(error)}
    except ValueError:  # the library reads its own answer, which is no JSON when a rule has two values
        return {"problem": "(errormsg 0:a rule has two values at once)"}
    if not output.ok():
        return {"problem": str(output)}
    expressions = output.results[0].expressions if output.results else []
    return {"value": expressions[0] if expressions else None}


def _say(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
