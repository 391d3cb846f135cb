"""The running thing: the only owner of tasks, queues and time."""
