"""The exit codes of the command line, and what each of them means."""

OK = 0
REGRESSION = 1
USAGE = 2
SOME_FAILED = 3
UNDECIDED = 4
INTERRUPTED = 130
BROKEN_PIPE = 141

# Only a gate ends with 1, so that a script can rely on it: an unexpected exception ends
# with 2, although Python's own code for it is 1.
MEANINGS = {
    OK: "success; skipped rows alone do not change it",
    REGRESSION: "a gate found a regression",
    USAGE: "an error of usage or configuration, or an unexpected error",
    SOME_FAILED: "some cells failed; the rest is reported",
    UNDECIDED: "the comparison is inconclusive, or the results are not comparable",
    INTERRUPTED: "interrupted; finished cells are kept",
    BROKEN_PIPE: "the reader of the output ended first, as in `| head`",
}
