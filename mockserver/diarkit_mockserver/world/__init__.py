"""The pure core: worlds, tasks and answers as functions of requests and time, without I/O."""
