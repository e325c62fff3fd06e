"""Every rule of the life of an invocation, each written once. Storage is behind the contracts.

- ``submit``: a call is serialized, checked against its registration key, stored, queued: one write.
- ``claim``: a worker takes what most others wait for first, then in order; it gets an epoch and a token.
- ``execute``: arguments are read, the function runs in a context of its own, and what became of it is a move.
- ``transitions``: the moves; a store accepts one only with the token of the present owner.
- ``waiting``, ``async_waiting``: a wait pauses, helps with what it waits for, or parks and is woken.
- ``retry``: whether a failed attempt is followed by another one, and when.
- ``heartbeat``, ``recovery``, ``sweeper``, ``retention``: who died, what it owned, what is too old.
- ``diary``: what runners say about themselves for people: the code that they have, silences, and when they led.
- ``cancel``: ends invocations from outside; ``hasten``: has a next attempt begin before its time.
- ``payloads``: values as text; ``registry``: functions by task id; ``engine``: all of it for one app.
"""
