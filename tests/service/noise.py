"""Laws of durations, on a machine that has other things to do too."""

import time
import warnings


def despite_noise(agree, times=3):
    """Calls `agree`, which measures and compares, up to so many times: what disturbs one measurement does not disturb the
    next, while a law that does not hold fails each time."""
    for _ in range(times - 1):
        try:
            return agree()
        except AssertionError as noise:
            warnings.warn(f"measured once more: {str(noise)[:300]}", stacklevel=2)
            time.sleep(1)
    return agree()
