"""The console in a real browser, before a real agent that watches the lab's servers."""
