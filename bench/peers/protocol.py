"""The worker's half of the protocol between bench/compare and a contestant.

A worker says who it is in one line of JSON, then answers requests, a line each:

    worker:  {"name": "torch 2.15.0"}
    driver:  {"work": "sgd_mom", "size": 65536, "steps": 100}
    worker:  {"seconds": 0.0027}

`seconds` is the time of all steps together, from idle to idle. An answer may
add a "note" for the reader of the table. A worker that does not know a work
answers {"unsupported": true}. It ends when its standard input does.
"""

import json
import os
import sys
import time


def serve(name, works):
    """Answers requests until the input ends.

    `works` maps the name of a work to a function that takes the size, makes
    everything ready and returns `run(steps)`. That one returns when the last
    step has really finished, with a note for the reader or None.
    """
    # Libraries print to standard output too: only answers may go to the driver.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(message):
        print(json.dumps(message), file=answers, flush=True)

    answer({"name": name})
    ready, run = None, None
    for line in sys.stdin:
        request = json.loads(line)
        if request["work"] not in works:
            answer({"unsupported": True})
            continue
        wanted = request["work"], request["size"]
        if wanted != ready:
            run = None  # Frees the arrays of the work before.
            run = works[request["work"]](request["size"])
            ready = wanted
        start = time.perf_counter()
        note = run(request["steps"])
        seconds = time.perf_counter() - start
        answer({"seconds": seconds, "note": note} if note else {"seconds": seconds})
