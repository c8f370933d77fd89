"""Makes special.json: values of the functions that likelihoods and p-values need, in 500-digit arithmetic (mpmath).

Use: python3 make_special.py > special.json
"""
import json

from mpmath import betainc, erfc, log, loggamma, mp, mpf, npdf, sqrt

mp.dps = 500
show = lambda v: mp.nstr(v, 20)
points = ["-8", "-3.3", "-1", "-0.46875", "-0.2", "0", "1e-9", "0.1", "0.46875", "0.47", "1", "2.5", "3.9", "4", "4.1", "7", "12", "25"]
tails = ["-300", "-38", "-20", "-8", "-5", "-1", "-0.6", "-0.3", "0", "0.5", "2", "5", "5.5", "9", "30"]
below = lambda x: erfc(-x / sqrt(mpf(2))) / 2


def two_sided(t, n):
    return betainc(mpf(n) / 2, mpf(1) / 2, 0, mpf(n) / (n + t * t), regularized=True)


json.dump(
    {
        "source": "mpmath, 500 digits; see make_special.py",
        "expect": "equal to a relative 1e-14",
        "erfc": [[x, show(erfc(mpf(x)))] for x in points],
        "normal_tail": [[x, show(log(below(mpf(x)))), show(npdf(mpf(x)) / below(mpf(x)))] for x in tails],
        "log_gamma": [[x, show(loggamma(mpf(x)))] for x in ["0.5", "1.5", "2.5", "7", "14.9", "15", "101", "1e6"]],
        "normal_p": [[x, show(erfc(abs(mpf(x)) / sqrt(mpf(2))))] for x in ["0", "0.5", "-1.96", "5", "-12", "30"]],
        "student_p": [
            [x, n, show(two_sided(mpf(x), n))]
            for x, n in [("0.1", 1), ("1", 3), ("-2.5", 7), ("1.96", 30), ("4", 12), ("3", 10000), ("30", 20), ("0.7", 6520), ("-12", 999990)]
        ],
    },
    __import__("sys").stdout,
    indent=1,
)
print()
