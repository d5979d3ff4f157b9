"""Laws of durations, on a machine that has other things to do too."""

import time
import warnings


def despite_noise(agree, times=5):
    """Calls `agree`, which measures and compares, up to so many times: what disturbs one measurement does not disturb the
    next, while a law that does not hold fails each time."""
    for tried in range(times - 1):
        try:
            return agree()
        except AssertionError as noise:
            warnings.warn(f"measured once more: {str(noise)[:300]}", stacklevel=2)
            # What disturbs may last for a while.
            time.sleep(2**tried)
    return agree()
