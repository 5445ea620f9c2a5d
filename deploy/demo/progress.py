# SPDX-License-Identifier: Apache-2.0
"""Progress of jobs' tables from job_tables(): a redrawn table on a terminal, a plain line per change elsewhere."""
import os
import shutil
import sys
import time

from tests.servers.freshet import table_name

BAR_WIDTH = 24
MEASURED_S = 0.5  # a rate over less says nothing


def number_of(row, *names):
    """The first of these columns as an int; -1 when it is absent, empty or unknown."""
    for name in names:
        value = row.get(name)
        if value not in (None, "", "\\N"):
            return int(value)
    return -1


def duration(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Progress:
    def __init__(self, out=sys.stdout):
        self.out = out
        self.redraw = out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.lines_drawn = 0
        self.started = {}  # when the table's copy was first seen
        self.elapsed = {}  # seconds of the copy; stands still when it is done
        self.shown = {}

    def show(self, job, rows):
        """One line per table of a job."""
        return [self._line(job, row) for row in rows]

    def _line(self, job, row):
        name = f"{job}.{table_name(row)}"
        copied = number_of(row, "rowscopied")
        done, total = number_of(row, "chunksdone"), number_of(row, "chunkstotal")
        events = number_of(row, "eventsapplied")
        if row["state"] != "WAITING":
            started = self.started.setdefault(name, time.monotonic())
            if row["state"] != "READY" or name not in self.elapsed:
                self.elapsed[name] = time.monotonic() - started
        elapsed = self.elapsed.get(name, 0)
        rate = f"{max(copied, 0) / elapsed:,.0f}" if elapsed >= MEASURED_S else "-"
        part = 1.0 if row["state"] == "READY" else min(done / total, 1.0) if total > 0 else 0.0
        bar = "#" * int(part * BAR_WIDTH)
        left = duration(elapsed / part - elapsed) if 0 < part < 1 else "-"
        return (f"{name:<22} {row['state']:<12} {max(copied, 0):>9,} rows {rate:>9} rows/s "
                f"[{bar:<{BAR_WIDTH}}] ETA {left:>5}  {max(events, 0):>8,} changes")

    def draw(self, jobs):
        """`jobs`: {job name: rows of job_tables()}."""
        if self.redraw:
            width = shutil.get_terminal_size().columns - 1
            lines = [line[:width] for job, rows in jobs.items() for line in self.show(job, rows)]
            if self.lines_drawn:
                self.out.write(f"\x1b[{self.lines_drawn}A")
            self.out.write("".join(f"\x1b[2K{line}\n" for line in lines))
            self.lines_drawn = len(lines)
        else:
            for job, rows in jobs.items():
                for row in rows:
                    key = (job, table_name(row))
                    seen = (row["state"], number_of(row, "chunksdone"))
                    if self.shown.get(key) != seen:
                        self.shown[key] = seen
                        self.out.write(self._line(job, row) + "\n")
        self.out.flush()


def print_table(columns, rows, out=sys.stdout):
    cells = [[str(column) for column in columns]] + [["NULL" if value is None else str(value) for value in row] for row in rows]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    for number, line in enumerate(cells):
        out.write("  " + "  ".join(value.ljust(width) for value, width in zip(line, widths)).rstrip() + "\n")
        if number == 0:
            out.write("  " + "  ".join("-" * width for width in widths) + "\n")
    out.flush()
