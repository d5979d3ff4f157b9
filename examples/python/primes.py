"""Counts the primes below a number."""


def handler(event, context):
    limit = int(event.get("below", 100_000))
    sieve = bytearray([1]) * limit
    sieve[:2] = b"\0" * min(2, limit)
    for n in range(2, int(limit**0.5) + 1):
        if sieve[n]:
            sieve[n * n :: n] = bytes(len(range(n * n, limit, n)))
    return {"primes": sum(sieve)}
