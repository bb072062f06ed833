"""Checks the statistics against SciPy, against definitions written down anew, and by simulation.

check_statistics.py STATISTICS_TABLE [unittest arguments]
Needs NumPy and SciPy.
"""
import itertools
import os
import subprocess
import sys
import unittest

try:
    import numpy as np
    import scipy.optimize
    import scipy.spatial
    import scipy.stats
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

sys.dont_write_bytecode = True  # nothing is left among the sources
import statistics_table

TABLE = os.path.abspath(sys.argv[1])


def ask(lines):
    if len(lines) < 50:
        return [np.array(statistics_table.answer(TABLE, line)) for line in lines]
    done = subprocess.run([TABLE], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    return [np.array(line.split(), "f8") for line in done.stdout.splitlines()]


def call(name, *numbers):
    return f"{name} " + " ".join(f"{v:.9g}" for v in np.concatenate([np.ravel(n) for n in numbers]))


def dip_by_definition(sample):
    """The least sup-distance to a unimodal distribution function: for each place of the mode a linear programme over the
    function's values at the distinct points (two at the mode, where it may jump)."""
    x, counts = np.unique(sample, return_counts=True)
    if len(x) == 1:
        return 0.0
    upto = np.cumsum(counts) / counts.sum()
    below = upto - counts / counts.sum()
    best = np.inf
    for mode in range(len(x)):
        # Variables: left side's values at x[0..mode], right side's at x[mode..], distance.
        left, right = mode + 1, len(x) - mode
        n = left + right + 1
        rows, limits = [], []

        def add(coefficients, limit):
            row = np.zeros(n)
            for index, value in coefficients:
                row[index] += value
            rows.append(row)
            limits.append(limit)

        for i in range(left):
            add([(i, 1), (n - 1, -1)], below[i])
            if i < mode:
                add([(i, -1), (n - 1, -1)], -upto[i])
        for i in range(right):
            add([(left + i, -1), (n - 1, -1)], -upto[mode + i])
            if i > 0:
                add([(left + i, 1), (n - 1, -1)], below[mode + i])
        add([(left - 1, 1), (left, -1)], 0)
        for start, length, first, sign in ((0, left, 0, 1), (left, right, mode, -1)):
            for i in range(length - 1):
                add([(start + i, 1), (start + i + 1, -1)], 0)
            for i in range(length - 2):
                a, b = np.diff(x[first + i:first + i + 3])
                add([(start + i, -sign / a), (start + i + 1, sign / a + sign / b), (start + i + 2, -sign / b)], 0)
        cost = np.zeros(n)
        cost[-1] = 1
        best = min(best, scipy.optimize.linprog(cost, np.array(rows), limits, bounds=(0, None)).fun)
    return best


class Dip(unittest.TestCase):
    def test_definition(self):
        rng = np.random.default_rng(1)
        samples = []
        for n in (2, 3, 4, 5, 7, 10, 14):
            samples += [rng.uniform(-1, 1, n), rng.normal(0, 1, n), rng.choice([-1, 1], n) + rng.normal(0, 0.2, n),
                        rng.integers(0, 4, n), np.where(rng.random(n) < 0.5, rng.choice([-1, 1], n), rng.normal(0, 0.4, n))]
        samples += [[0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 1], [0, 1, 1, 1, 1, 1, 2], [-1, -1, 0, 1, 1], [3, 3, 3], [1]]
        samples = [np.sort(np.float32(s)) for s in samples]
        for sample, found in zip(samples, ask([call("dip", s) for s in samples])):
            self.assertAlmostEqual(found[0], dip_by_definition(sample.astype("f8")), delta=1e-7, msg=str(sample))

    def test_known_values(self):
        for n in (2, 3, 10, 100, 1000):
            even, two = np.arange(n), np.repeat([-1, 1], n)
            found = ask([call("dip", even), call("dip", two), call("dip", np.zeros(n))])
            # Points in equal steps reach the least dip of distinct values, two equal atoms the largest of all.
            np.testing.assert_allclose([f[0] for f in found], [1 / (2 * n), 0.25, 0], atol=1e-12)

    def test_order_and_scale_do_not_matter(self):
        rng = np.random.default_rng(2)
        sample = np.sort(rng.choice([-1, 1], 200) + rng.normal(0, 0.5, 200)).astype("f4")
        found = ask([call("dip", sample), call("dip", -sample[::-1]), call("dip", 4 * sample)])
        np.testing.assert_allclose([f[0] for f in found], found[0][0], rtol=1e-9)

    def test_quantiles_under_the_uniform(self):
        """Published quantiles of the dip of uniform samples (M. Maechler's table, from 1,000,001 samples each)."""
        rng = np.random.default_rng(3)
        for n, table in ((10, {0.5: 0.0977818, 0.95: 0.1396114}), (50, {0.5: 0.0488512, 0.95: 0.0702738}),
                         (200, {0.5: 0.0255844, 0.95: 0.0368418})):
            dips = [d[0] for d in ask([call("dip", np.sort(rng.random(n))) for _ in range(4000)])]
            for p, value in table.items():
                self.assertAlmostEqual(np.quantile(dips, p) / value, 1, delta=0.02, msg=f"{n} {p}")


    def test_critical_values(self):
        """The table's own sizes, and sizes between: 5 % of uniform samples are above."""
        found = ask([call("dip_critical", [10, 15, 20, 30, 50, 100, 200, 500, 1000, 2000, 5000])])[0]
        np.testing.assert_allclose(found, [0.139611395, 0.118760769, 0.105130218, 0.0881689143, 0.0702737877, 0.0511279443,
                                           0.0368418414, 0.0237294743, 0.0169343970, 0.0120380990, 0.00765063682], atol=1e-9)
        rng = np.random.default_rng(31)
        for n in (12, 40, 130):
            dips = np.array([d[0] for d in ask([call("dip", np.sort(rng.random(n))) for _ in range(4000)])])
            self.assertAlmostEqual((dips > ask([call("dip_critical", [n])])[0]).mean(), 0.05, delta=0.014, msg=str(n))
        beyond = ask([call("dip_critical", [5000, 16000])])[0]
        self.assertAlmostEqual(beyond[0] * 5000**0.5, beyond[1] * 16000**0.5, delta=1e-9)


class Moments(unittest.TestCase):
    def test_normalised_importance(self):
        rng = np.random.default_rng(5)
        for n in (1, 10, 200):
            a, b = rng.lognormal(-5, 2, (2, n)).astype("f4").astype("f8")
            p, q = np.where(a < 0.1 * a.mean(), 0, a) / a.sum(), np.where(b < 0.1 * b.mean(), 0, b) / b.sum()
            with np.errstate(invalid="ignore"):
                expected = (p - q) / (p + q)
            found = ask([f"normalised 0.1 {n} " + " ".join(f"{v:.9g}" for v in [*a, *b])])[0]
            np.testing.assert_allclose(found[:n], expected, rtol=1e-9, atol=1e-12)
        found = ask(["normalised 0.1 2 0 0 1 3"])[0]
        np.testing.assert_array_equal(found[:2], [-1, -1])


class Bootstrap(unittest.TestCase):
    def samples(self):
        rng = np.random.default_rng(6)
        for n in (2, 3, 10, 37, 200):
            yield np.float32(rng.binomial(50, rng.beta(1, 8, n)) / 50)
            yield np.float32(rng.lognormal(0, 1, n))

    def resamples(self, n):
        return ask([f"resamples {n}"])[0].astype(int).reshape(-1, n)

    def samples_of_extremes(self):
        """Of which resamples at the ends have the least or largest mean; so skewed that an end of the interval lies
        around 1.2 standard errors from the mean, where the search for it begins; of which a resample has no value."""
        rng = np.random.default_rng(12)
        for place in (0, -1):
            sample = np.bincount(self.resamples(37)[place], minlength=37) + rng.normal(0, 0.01, 37)
            yield from (np.float32(sample), np.float32(-sample))
        for seed in (126, 267, 1169, 2279, 3373, 608):
            sample = np.float32(np.random.default_rng(seed).lognormal(0, 1.5, 10))
            yield from (sample, -sample)
        sample = np.full(40, np.nan, "f4")
        sample[np.setdiff1d(np.arange(40), self.resamples(40)[0])[:12]] = rng.normal(size=12)
        yield sample

    def reach(self, n):
        return scipy.stats.t.ppf(0.975, n - 1) * np.sqrt(n / (n - 1))

    def test_means_by_formula(self):
        """BCa of Efron 1987 by its formulas, from the same resamples."""
        for sample in [*self.samples(), *self.samples_of_extremes()]:
            value, low, high, count = ask([call("means", [len(sample), 1], sample)])[0]
            x = sample[~np.isnan(sample)].astype("f8")
            n, z = len(x), self.reach(len(x))
            if n < 10:
                continue
            drawn = sample.astype("f8")[self.resamples(len(sample))]
            means = np.nanmean(drawn[~np.isnan(drawn).all(1)], 1)
            same = abs(means - x.mean()) <= 1e-7 * (abs(x.mean()) + x.std())
            bias = scipy.stats.norm.ppf(((means < x.mean()) & ~same).mean() + same.mean() / 2)
            jackknife = np.array([np.delete(x, i).mean() for i in range(n)])
            d = jackknife.mean() - jackknife
            acceleration = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
            p = [scipy.stats.norm.cdf(bias + (bias + s * z) / (1 - acceleration * (bias + s * z))) for s in (-1, 1)]
            self.assertEqual(count, n)
            np.testing.assert_allclose([value, low, high], [x.mean(), *np.quantile(means, p)], rtol=1e-7, atol=1e-7)

    def test_means_against_scipy(self):
        for sample in self.samples():
            n, x = len(sample), sample.astype("f8")
            if n < 10:
                continue
            _, low, high, _ = ask([call("means", [n, 1], sample)])[0]
            level = 1 - 2 * scipy.stats.norm.cdf(-self.reach(n))
            other = scipy.stats.bootstrap((x,), np.mean, confidence_level=level, n_resamples=20000, method="BCa",
                                          random_state=1).confidence_interval
            scale = x.std() / np.sqrt(n)
            self.assertAlmostEqual(low, other.low, delta=0.2 * scale)
            self.assertAlmostEqual(high, other.high, delta=0.3 * scale)

    def test_resamples_are_uniform(self):
        drawn = ask(["resamples 7"])[0].astype(int)
        self.assertEqual(len(drawn), 2000 * 7)
        self.assertGreater(scipy.stats.chisquare(np.bincount(drawn, minlength=7)).pvalue, 1e-4)

    def test_columns_do_not_matter_to_each_other(self):
        rng = np.random.default_rng(7)
        n = 30
        columns = rng.normal(size=(19, n)).astype("f4")
        columns[4] = 0.25
        together = ask([call("means", [n, 19], columns)])[0].reshape(19, 4)
        for column, found in zip(columns, together):
            np.testing.assert_array_equal(ask([call("means", [n, 1], column)])[0], found)
        np.testing.assert_array_equal(together[4], [0.25, np.nan, np.nan, n])
        # Nor do models that others lack: each has the reach of its own number.
        columns[2, 12:] = columns[3, 15:] = np.nan
        together = ask([call("means", [n, 19], columns)])[0].reshape(19, 4)
        for column, found in zip(columns[:4], together):
            np.testing.assert_array_equal(ask([call("means", [n, 1], column)])[0], found)

    def test_few_models_have_students_interval(self):
        rng = np.random.default_rng(32)
        for n in range(2, 13):
            sample = np.float32(rng.lognormal(0, 1, n))
            found = ask([call("means", [n, 1], sample), call("means", [n + 1, 1], sample, [np.nan])])
            expected = scipy.stats.t.interval(0.95, n - 1, sample.mean(dtype="f8"), scipy.stats.sem(sample.astype("f8")))
            for row in found:  # a model without a value does not count
                self.assertEqual(np.allclose(row[1:3], expected, rtol=1e-6), n < 10, f"{n}")
        for n in (2, 7, 10, 40, 2500):
            found = ask([call("means", [n, 1], np.full(n, 0.3)), call("median", np.full(n, 0.3))])
            for row in found:
                np.testing.assert_allclose(row, [0.3, np.nan, np.nan, n], atol=1e-7)

    def test_models_without_a_value(self):
        rng = np.random.default_rng(8)
        n = 40
        columns = rng.normal(size=(3, n)).astype("f4")
        columns[1, 3::4] = np.nan
        columns[2] = np.nan
        rows = ask([call("means", [n, 3], columns)])[0].reshape(3, 4)
        self.assertEqual(list(rows[:, 3]), [40, 30, 0])
        self.assertAlmostEqual(rows[1, 0], np.nanmean(columns[1].astype("f8")), delta=1e-9)
        alone = ask([call("means", [30, 1], columns[1][~np.isnan(columns[1])])])[0]
        np.testing.assert_allclose(rows[1, 1:3], alone[1:3], atol=0.06)
        self.assertTrue(np.isnan(rows[2, :3]).all())

    def test_few_models(self):
        rows = [ask([line])[0] for line in ("means 1 1 0.5", "median 0.5", "means 3 1 0.5 nan nan", "median nan",
                                            "median 1 nan 2 nan", "means 0 1 ", "median ")]
        for row, value, count in zip(rows, (0.5, 0.5, 0.5, np.nan, 1.5, np.nan, np.nan), (1, 1, 1, 0, 2, 0, 0)):
            np.testing.assert_array_equal(row[[0, 3]], [value, count])
            self.assertTrue(np.isnan(row[1:3]).all())

    def test_many_models(self):
        """From 2,000 models on there are no resamples; nothing jumps there."""
        rng = np.random.default_rng(9)
        sample = np.float32(rng.lognormal(0, 0.5, 2001))
        below, above = (ask([call("means", [n, 1], sample[:n])])[0] for n in (2000, 2001))
        width = below[2] - below[1]
        np.testing.assert_allclose(above[1:3], below[1:3], atol=0.05 * width)
        error = scipy.stats.sem(sample.astype("f8"))
        np.testing.assert_allclose(above[1:3], above[0] + np.array([-1, 1]) * 1.959964 * error, rtol=1e-6)

    def test_median(self):
        """Order statistics of the sign test, by SciPy's binomial distribution."""
        rng = np.random.default_rng(10)
        for n in (1, 2, 3, 5, 6, 8, 9, 10, 11, 50, 201, 3000):
            sample = np.float32(rng.normal(size=n))
            value, low, high, _ = ask([call("median", sample, [np.nan])])[0]
            self.assertAlmostEqual(value, np.median(sample.astype("f8")), delta=1e-12)
            k = int(scipy.stats.binom.ppf(0.025, n, 0.5))  # P(X <= k - 1) < 0.025 <= P(X <= k)
            order = np.sort(sample.astype("f8"))
            if k == 0:
                self.assertTrue(np.isnan([low, high]).all() and n < 6, n)
            else:
                self.assertEqual([low, high], [order[k - 1], order[n - k]], n)
        # Known from tables of the sign test (n = 10: 2nd and 9th; n = 20: 6th and 15th).
        for n, ranks in ((6, (1, 6)), (10, (2, 9)), (20, (6, 15))):
            found = ask([call("median", np.arange(1, n + 1))])[0]
            self.assertEqual(tuple(found[1:3]), ranks)

    def test_coverage(self):
        """How often the 95 % intervals hold the truth: 1,500 samples each, standard error 0.6 %."""
        for n, low, high in ((6, 0.90, 0.975), (10, 0.92, 0.975), (40, 0.93, 0.97)):
            means, medians = ask([f"coverage 1 {n} 1500"])[0]
            self.assertTrue(low <= means <= high, f"means of {n}: {means}")
            self.assertTrue(0.93 <= medians <= 0.995, f"medians of {n}: {medians}")


class Student(unittest.TestCase):
    def test_quantiles(self):
        for confidence in (0.5, 0.95, 0.99, 1 - 0.05 / 84, 1 - 0.05 / 48000):
            for degrees in (1, 2, 3, 5, 8, 9, 29, 99, 1999):
                found = ask([f"student {confidence!r} {degrees}"])[0][0]
                self.assertAlmostEqual(found / scipy.stats.t.ppf((1 + confidence) / 2, degrees), 1, delta=1e-6)

    def test_intervals(self):
        rng = np.random.default_rng(33)
        for n, confidence in ((2, 0.95), (6, 0.99), (30, 1 - 0.05 / 42)):
            sample = np.float32(rng.normal(0.2, 1, n))
            expected = scipy.stats.t.interval(confidence, n - 1, sample.mean(dtype="f8"),
                                              scipy.stats.sem(sample.astype("f8")))
            found = ask([f"interval {confidence!r} " + " ".join(f"{v:.9g}" for v in [*sample, np.nan])])[0]
            np.testing.assert_allclose(found, [sample.mean(dtype="f8"), *expected, n], rtol=1e-6)
        for line, count in (("interval 0.95 0.3", 1), ("interval 0.95 0.3 0.3 0.3", 3), ("interval 0.95 nan", 0)):
            found = ask([line])[0]
            self.assertTrue(np.isnan(found[1:3]).all() and found[3] == count)


class Power(unittest.TestCase):
    def test_against_scipy(self):
        for n in (2, 3, 6, 7, 10, 33, 50, 400, 5000, 25000):
            for effect, above, sd in ((0.12, 0.05, 0.15), (0.05, 0, 0.15), (0.01, 0.05, 0.3), (0.4, 0.05, 0.1)):
                expected = scipy.stats.nct.sf(scipy.stats.t.ppf(0.975, n - 1), n - 1, (effect - above) * np.sqrt(n) / sd)
                if np.isnan(expected) or n > 1000:  # where SciPy loses digits T is normal
                    expected = scipy.stats.norm.sf(scipy.stats.t.ppf(0.975, n - 1) - (effect - above) * np.sqrt(n) / sd)
                self.assertAlmostEqual(ask([f"power {effect} {above} {sd} {n}"])[0][0], expected,
                                       delta=2e-6 if n <= 1000 else 1e-3, msg=(n, effect))

    def test_seeds(self):
        # statsmodels 0.14, TTestPower().solve_power(effect_size, alpha=0.05, power=0.8): 33.367, 14.303 and 198.15; of
        # 5.73 for 1.5 it is the fewest that give a verdict.
        for size, expected in ((0.5, 34), (0.8, 15), (0.2, 199), (1.5, 6), (4, 6)):
            self.assertEqual(ask([f"seeds {0.05 + size * 0.1} 0.05 0.1"])[0][0], expected)
        self.assertEqual([row[0] for row in ask(["seeds 0.05 0.05 0.15", "seeds 0.04 0.05 0.15", "seeds 0.05 0 100"])],
                         [0, 0, 0])
        few, enough = ask(["power 0.2 0.05 1 350", "power 0.2 0.05 1 351"])
        self.assertTrue(few[0] < 0.8 <= enough[0])
        self.assertEqual(ask(["seeds 0.2 0.05 1"])[0][0], 351)

    def test_simulated(self):
        rng = np.random.default_rng(5)
        for n, times in ((6, 2500), (10, 1600), (50, 320)):
            samples = rng.normal(0.12, 0.15, (times, n))
            found = ask([call(f"means {n} {times}", samples)])[0].reshape(times, 4)
            expected = ask([f"power 0.12 0.05 0.15 {n}"])[0][0]
            share, room = (found[:, 1] > 0.05).mean(), 3 * np.sqrt(expected * (1 - expected) / times)
            self.assertAlmostEqual(share, expected, delta=room + (0.03 if n >= 10 else 0), msg=n)  # BCa is not Student's


def family_by_definition(rows, tied=1e-3):
    """Every pattern of signs; rows [row, seed], NaN where there is none."""
    present = ~np.isnan(rows)
    member = (present.sum(1) >= 6) & (np.nansum(rows**2, 1) > 0)
    seeds = present[member].any(0)
    x, has = np.nan_to_num(rows[member][:, seeds]), present[member][:, seeds]
    n = has.sum(1)

    def t2(signs):
        mean = (signs * x).sum(1) / n
        return mean**2 * n * (n - 1) / np.maximum(((signs * x)**2).sum(1) - n * mean**2, 1e-6 * (x**2).sum(1))

    largest = np.array([t2(np.array(signs)).max() for signs in itertools.product((1, -1), repeat=seeds.sum())])
    p = np.full(len(rows), np.nan)
    p[member] = [(largest >= t * (1 - tied)).mean() for t in t2(1)]
    return p, seeds.sum()


class Family(unittest.TestCase):
    def ask_family(self, rows):
        found = ask([call("family", rows.shape, rows)])[0]
        return found[1:], found[0]

    def test_definition(self):
        rng = np.random.default_rng(34)
        for n in (6, 8, 11):
            rows = np.float32(rng.normal(size=(9, n)))
            rows[1] += 2
            rows[2] = rows[1] * 3                      # the same test in another unit
            rows[3] = rng.integers(-2, 3, n) / 50      # shares
            rows[4] = 0
            rows[5, 3:] = np.nan                       # too few
            rows[6, 0] = np.nan
            rows[7] = 1
            rows[8] = np.nan
            found, used = self.ask_family(rows)
            expected, n_seeds = family_by_definition(rows.astype("f8"))
            np.testing.assert_allclose(found, expected, atol=1e-12)
            self.assertEqual(used, n_seeds)
            self.assertEqual(np.nanmin(found), 2 / 2**n)
            self.assertEqual(list(np.isnan(found[[4, 8]])), [True, True])

    def test_many_seeds(self):
        """Drawn patterns: what SciPy's permutation test finds for a single row; never below 1/10,000."""
        rng = np.random.default_rng(35)
        for shift in (0, 0.3, 5):
            row = np.float32(rng.normal(shift, 1, (1, 30)))
            found = self.ask_family(row)[0][0]
            other = scipy.stats.permutation_test((row[0].astype("f8"),), lambda x, axis: abs(np.mean(x, axis=axis)),
                                                 permutation_type="samples", vectorized=True, n_resamples=9999,
                                                 alternative="greater", random_state=1).pvalue
            self.assertAlmostEqual(found, other, delta=0.02)
            self.assertGreaterEqual(found, 1e-4)
        many = np.float32(rng.normal(0, 1, (700, 14)))
        many[650] += 3
        found = self.ask_family(many)[0]
        self.assertEqual(np.argmin(found), 650)
        self.assertLess(found[650], 0.05)

    def test_rounding_does_not_split_ties(self):
        """Shares k/H as floats give what the whole numbers k give."""
        rng = np.random.default_rng(36)
        for n in (7, 10):
            k = rng.integers(-3, 6, (20, n))
            whole, shares = self.ask_family(np.float32(k)), self.ask_family(np.float32(k) / np.float32(50))
            np.testing.assert_array_equal(whole[0], shares[0])

    def test_errors_of_families(self):
        """The chance of any false alarm in 20 rows that depend on each other: 5 % at most, 400 families each."""
        rng = np.random.default_rng(37)
        for n in (8, 10):
            common = rng.normal(size=(400, 1, n))
            families = np.float32(0.7 * common + rng.normal(size=(400, 20, n)))
            least = [f[1:].min() for f in ask([call("family", f.shape, f) for f in families])]
            self.assertLess(np.mean(np.array(least) < 0.05), 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400))
            self.assertGreater(np.mean(np.array(least) < 0.05), 0.01)


class Effects(unittest.TestCase):
    def ask_pooled(self, rows):
        found = ask([call("pooled", rows.shape, rows)])[0]
        return int(found[0]), found[1:]

    def test_pooled_of_whole_rows(self):
        rows = np.float32(np.random.default_rng(40).normal(size=(4, 9)))
        n_used, found = self.ask_pooled(rows)
        self.assertEqual(n_used, 4)
        np.testing.assert_allclose(found, rows.mean(0), atol=1e-6)

    def test_pooled_against_regression(self):
        """Mean of the rows' means and its clustered standard error, by least squares on the rows' indicators."""
        rng = np.random.default_rng(41)
        for n_rows, n_seeds, missing in ((2, 12, 0.2), (5, 30, 0.4), (3, 8, 0)):
            rows = np.float32(rng.normal(size=(n_rows, n_seeds)) + rng.normal(size=n_seeds) + np.arange(n_rows)[:, None])
            rows[rng.random(rows.shape) < missing] = np.nan
            rows[:, -1] = np.nan  # a seed that nobody has
            n_used, found = self.ask_pooled(rows)
            present = ~np.isnan(rows)
            used = present.sum(1) >= 6
            self.assertEqual(n_used, used.sum())
            rows, present = rows[used].astype("f8"), present[used]
            row, seed = np.nonzero(present)
            x = (row[:, None] == np.arange(len(rows))).astype("f8")
            beta, *_ = np.linalg.lstsq(x, rows[present], rcond=None)
            bread, residuals = np.linalg.inv(x.T @ x), rows[present] - x @ beta
            scores = np.array([(x[seed == s] * residuals[seed == s, None]).sum(0) for s in np.unique(seed)])
            n = len(scores)
            weights = np.full(len(rows), 1 / len(rows))
            variance = weights @ bread @ scores.T @ scores @ bread @ weights * n / (n - 1)
            values = found[~np.isnan(found)]
            self.assertEqual(len(values), n)
            self.assertAlmostEqual(values.mean(), beta.mean(), delta=1e-6)
            self.assertAlmostEqual(scipy.stats.sem(values), np.sqrt(variance), delta=1e-6)

    def test_pooled_leaves_thin_rows_out(self):
        rows = np.full((3, 10), np.nan, "f4")
        rows[0] = np.arange(10)
        rows[1, :5] = 100
        rows[2, 3:9] = 7
        n_used, found = self.ask_pooled(rows)
        self.assertEqual(n_used, 2)
        self.assertAlmostEqual(found.mean(), (4.5 + 7) / 2, delta=1e-5)
        n_used, found = self.ask_pooled(rows[1:2])  # if all are thin they are what there is
        self.assertEqual((n_used, list(found[:6])[:5]), (1, [100] * 5))
        self.assertTrue(np.isnan(found[5:]).all())
        self.assertTrue(np.isnan(self.ask_pooled(np.full((2, 4), np.nan))[1]).all())

    def test_slopes(self):
        """Of whole rows each seed's own slope, by SciPy; else the slope of the means with its clustered standard error,
        by least squares on the rows' indicators."""
        rng = np.random.default_rng(43)
        x = np.array([0.1, 0.25, 0.5, 1.5])
        rows = np.float32(rng.normal(size=(4, 9)) + 2 * x[:, None])
        found = ask([call("slopes", (4, 9), x, rows)])[0]
        self.assertEqual(found[0], 4)
        np.testing.assert_allclose(found[1:], [scipy.stats.linregress(x, y).slope for y in rows.T], atol=1e-5)
        for n_seeds, missing in ((14, 0.3), (40, 0.5)):
            rows = np.float32(rng.normal(size=(4, n_seeds)) + rng.normal(size=n_seeds) + 2 * x[:, None])
            rows[rng.random(rows.shape) < missing] = np.nan
            rows[:, 0] = np.nan
            present = ~np.isnan(rows)
            self.assertTrue((present.sum(1) >= 6).all())
            found = ask([call("slopes", rows.shape, x, rows)])[0][1:]
            values = found[~np.isnan(found)]
            self.assertEqual(len(values), present.any(0).sum())
            means = np.nanmean(rows.astype("f8"), 1)
            self.assertAlmostEqual(values.mean(), scipy.stats.linregress(x, means).slope, delta=1e-5)
            weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
            influence = np.nansum(weights[:, None] * (rows - means[:, None]) / present.sum(1)[:, None], 0)
            n = len(values)
            self.assertAlmostEqual(scipy.stats.sem(values), np.sqrt((influence ** 2).sum() * n / (n - 1)), delta=1e-5)
        rows[1, 6:] = np.nan
        rows[1, :6] = 1e6  # five values: too few beside the others
        rows[1, 0] = np.nan
        found = ask([call("slopes", rows.shape, x, rows)])[0]
        self.assertEqual(found[0], 3)
        self.assertLess(abs(np.nanmean(found[1:])), 100)
        for two in ([1, 1], [1, 2]):  # one place is no line
            found = ask([call("slopes", (2, 7), two, rng.normal(size=(2, 7)))])[0]
            self.assertEqual(np.isnan(found[1:]).all(), two == [1, 1])

    def test_correlations(self):
        rng = np.random.default_rng(44)
        for n in (4, 5, 30, 200):
            x = np.float32(rng.normal(size=n))
            y = np.float32(np.round(0.5 * x + rng.normal(size=n), 1))
            r, low, high, count, rank = ask([call("correlation", (n,), x, y)])[0]
            expected = scipy.stats.pearsonr(x.astype("f8"), y.astype("f8"))
            np.testing.assert_allclose([r, low, high, count, rank],
                                       [expected[0], *expected.confidence_interval(), n, scipy.stats.spearmanr(x, y)[0]],
                                       rtol=1e-6)
            x[0] = np.nan
            if n > 5:
                found = ask([call("correlation", (n,), x, y)])[0]
                np.testing.assert_allclose(found[[0, 3, 4]], [scipy.stats.pearsonr(x[1:].astype("f8"), y[1:].astype("f8"))[0],
                                                              n - 1, scipy.stats.spearmanr(x[1:], y[1:])[0]], rtol=1e-6)
        for x, y in (([1, 2], [2, 1]), ([1, 1, 1, 1], [1, 2, 3, 4]), ([1, 2, 3, 4], [5, 5, 5, 5])):
            self.assertTrue(np.isnan(ask([call("correlation", (len(x),), x, y)])[0][[0, 1, 2, 4]]).all())
        self.assertTrue(np.isnan(ask([call("correlation", (3,), [1, 2, 3], [1, 3, 2])])[0][1:3]).all())

    def test_density(self):
        rng = np.random.default_rng(45)
        for n, values in ((2, [0.1, 0.4]), (60, np.float32(rng.normal(size=60))), (41, np.round(rng.random(41), 1)),
                          (8, [1, 1, 1, 1, 1, 1, 1, 2])):  # the last one's quartiles are equal
            values = np.float32(values).astype("f8")
            iqr = scipy.stats.iqr(values) / 1.34 or np.inf
            width = 0.9 * min(values.std(ddof=1), iqr) * n ** -0.2
            at = np.median(values) + 0.3 * width
            kernel = scipy.stats.gaussian_kde(values, width / values.std(ddof=1))
            np.testing.assert_allclose(ask([call("density", (n, at), values)])[0], [width, kernel(at)[0]], rtol=1e-5)
        self.assertEqual(ask([call("density", (3, 1), [2, 2, 2])])[0][0], 0)

    def test_distance(self):
        """Total variation distance: half of SciPy's cityblock distance of the shares."""
        rng = np.random.default_rng(42)
        for n in (1, 5, 100):
            a, b = np.float32(rng.lognormal(-5, 2, (2, n)))
            p, q = (x.astype("f8") / x.sum(dtype="f8") for x in (a, b))
            expected = scipy.spatial.distance.cityblock(p, q) / 2
            self.assertAlmostEqual(ask([call("distance", [n], a, b)])[0][0], expected, delta=1e-12)
        for a, b, expected in (([1, 1, 0, 0], [0, 0, 2, 5], 1), ([1, 2, 3], [2, 4, 6], 0), ([1, 1], [3, 0], 0.5)):
            self.assertAlmostEqual(ask([call("distance", [len(a)], a, b)])[0][0], expected, delta=1e-12)
        for a, b in (([0, 0], [1, 2]), ([1, 2], [0, 0]), ([3, -1], [1, 2]), ([1, 3], [3, -1]), ([1, np.nan], [1, 2]),
                     ([np.inf, 1], [1, 2]), ([1, 2], [1, np.inf])):
            self.assertTrue(np.isnan(ask([call("distance", [2], a, b)])[0][0]), (a, b))

    def test_verdicts(self):
        larger, reversed_, negligible, undecided, too_few = 0, 1, 2, 3, 7
        for n, low, high, expected in (
                (6, 0.051, 0.2, larger), (5, 0.051, 0.2, too_few), (6, 0.05, 0.2, undecided), (6, -0.2, -0.051, reversed_),
                (6, -0.2, -0.05, undecided), (30, -0.049, 0.049, negligible), (29, -0.049, 0.049, undecided),
                (30, -0.05, 0.049, undecided), (30, -0.049, 0.05, undecided), (100, "nan", "nan", undecided),
                (100, 0.01, 0.04, negligible), (100, 0.01, 0.2, undecided), (0, "nan", "nan", too_few)):
            self.assertEqual(ask([f"verdict 0.05 {n} {low} {high}"])[0][0], expected, (n, low, high))

    def test_warnings(self):
        for values, expected in (([1, 2, 3, 4, 5], 0), ([1, 2, 3, 4, 5, 6], 4), (np.arange(1, 31), 0),
                                 (np.arange(1, 30), 4), ([2] * 30, 1), ([0] * 15 + list(range(1, 16)), 2),
                                 ([0] * 14 + list(range(1, 17)), 0), ([0] * 30, 3), ([0] * 30 + [np.nan], 3),
                                 (list(range(1, 30)) + [np.nan], 4)):
            self.assertEqual(ask([call("warnings", values)])[0][0], expected, values)


class Paired(unittest.TestCase):
    def test_rounding_does_not_split_ties(self):
        """Shares k/H as floats have the ranks, and so the p, of the whole numbers k."""
        rng = np.random.default_rng(38)
        for h in (5, 50, 100, 4096):
            for n in (7, 10, 25, 80):
                a, b = rng.integers(0, min(h, 12), (2, n))
                shares = [np.float32(k / h) for k in (a, b)]
                np.testing.assert_array_equal(self.ask_paired(*shares)[6:], self.ask_paired(a, b)[6:])

    def ask_paired(self, a, b):
        return ask([call("paired", [len(a)], a, b)])[0]

    def samples(self):
        rng = np.random.default_rng(11)
        for n in (3, 8, 30, 50, 51, 400):
            a = rng.normal(size=n)
            yield np.float32(a), np.float32(a + rng.normal(0.3, 1, n))
            yield np.float32(rng.integers(0, 4, n) / 4), np.float32(rng.integers(0, 5, n) / 4)  # ties and zeros

    def test_wilcoxon(self):
        for a, b in self.samples():
            d = (b - a).astype("f8")
            d = d[d != 0]
            ranks = scipy.stats.rankdata(abs(d))
            w = ranks[d > 0].sum()
            if len(d) > 50:
                expected = scipy.stats.wilcoxon(d, mode="approx", correction=False).pvalue
            elif len(np.unique(ranks)) == len(d):
                expected = scipy.stats.wilcoxon(d, mode="exact").pvalue
            elif len(d) <= 16:  # SciPy's exact test knows no ties: all signs
                sums = np.array(list(itertools.product((0, 1), repeat=len(d)))) @ ranks
                expected = (abs(sums - ranks.sum() / 2) >= abs(w - ranks.sum() / 2) - 1e-9).mean()
            else:  # all sums with their frequencies, in another way
                frequencies = np.array([1.0])
                for rank in np.round(2 * ranks).astype(int):
                    frequencies = np.convolve(frequencies, [0.5] + [0] * (rank - 1) + [0.5])
                sums = np.arange(len(frequencies)) / 2
                expected = frequencies[abs(sums - ranks.sum() / 2) >= abs(w - ranks.sum() / 2) - 1e-9].sum()
            delta = 1e-9 if len(a) < 100 else 5e-3  # among many, some lie so near that they count as ties
            self.assertAlmostEqual(self.ask_paired(a, b)[7] / expected, 1, delta=delta)

    def test_wilcoxon_at_its_ends(self):
        self.assertEqual(self.ask_paired([1, 2, 3], [1, 2, 3])[7], 1)
        self.assertEqual(self.ask_paired([0] * 5, [1, 2, 3, 4, 5])[7], 2 / 2**5)
        self.assertTrue(np.isnan(self.ask_paired([np.nan], [1])[7]))

    def test_effects(self):
        for a, b in self.samples():
            found = self.ask_paired(a, b)
            np.testing.assert_allclose(found[1:4], [a.mean(dtype="f8"), b.mean(dtype="f8"),
                                                    (b - a).mean(dtype="f8")], atol=1e-7)
            sign = np.sign(b[:, None].astype("f8") - a[None].astype("f8"))
            self.assertAlmostEqual(found[6], sign.mean(), delta=1e-12)
            np.testing.assert_allclose(found[4:6], ask([call("means", [len(a), 1], b - a)])[0][1:3], atol=1e-6)

    def test_missing_values(self):
        a, b = np.float32([1, np.nan, 3, 5, 2]), np.float32([2, 2, np.nan, 8, 7])
        np.testing.assert_array_equal(self.ask_paired(a, b), self.ask_paired(a[[0, 3, 4]], b[[0, 3, 4]]))

    def test_holm(self):
        # Holm 1979 by hand: sorted p times n, n - 1, ..., never falling, at most 1.
        found = ask([call("holm", [0.01, 0.04, 0.03, np.nan, 0.005, 0.9])])[0]
        np.testing.assert_allclose(found, [0.04, 0.09, 0.09, np.nan, 0.025, 0.9], rtol=1e-6)
        np.testing.assert_allclose(ask([call("holm", [0.5, 0.4, 0.45])])[0], [1, 1, 1])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
