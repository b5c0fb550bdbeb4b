"""The table that tools/bench prints: ours, a reference, their ratio."""
import json
import pathlib
import resource


class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, ours, reference="", ratio=""):
        self.rows.append({"what": what, "tiphys": ours, "reference": reference, "ratio": ratio})
        print(f"{what:<64} {ours:<34} {reference:<52} {ratio}", flush=True)

    def write_json(self, file):
        pathlib.Path(file).write_text(json.dumps(self.rows, indent=2) + "\n")

    def write_markdown(self, file):
        lines = ["| what | tiphys | reference | ratio |", "|---|---|---|---|"]
        lines += [f"| {r['what'].strip()} | {r['tiphys']} | {r['reference']} | {r['ratio']} |" for r in self.rows]
        pathlib.Path(file).write_text("\n".join(lines) + "\n")


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
