"""One execution: inputs judged, rolled up, priced, and put together into run.json."""
