"""References: outcomes of other policies on the same prompts, as a column beside the text. The slow version of what
both heads do; `../train/HEAD.md`, section "References", has the formulas.

Two parts. The first makes one standardised column z out of reference outcomes: residuals, signed weights, a regression
of the residuals on the text, and their mixture. The second adds columns to a Gaussian process: every option of a
column's variance and prior slope is a low-rank change of a factorised matrix, so that no option needs a factorisation.

    references = References(values, rollouts, x, surface, constants)       # (K, M) with NaN, (M, E), (M, 30)
    column = references.column(rows, rewards, pool)                         # rows of the context among the M prompts
    z_context, z_queries = column.context, column.of(queries)
"""

import itertools
from dataclasses import dataclass

import gaussian_process as gp
import numpy as np
from scipy.special import expit

POOL = 800  # referenced prompts in the regression on the text, at most
POOL_LEAST = 16
SMOOTHING = 2.0  # what the regression counts for, in references
OVERDISPERSION = 0.4  # share of a single rollout's noise that more rollouts do not remove
NOISE_SHARE = 0.5  # of the regression's noise, the share that more references do not remove
LAMBDAS = (0.3, 1.0, 3.0, 10.0, 30.0)
WEIGHT_ROWS, WEIGHT_PRIOR, WEIGHT_MOST = 16.0, 0.3, 2.0
SIGNED_ROWS = 128
AGREEMENT_ROWS, AGREEMENT_STEPS = 30.0, 20
AGREEMENT_MEAN, AGREEMENT_SPREAD = 0.25, 0.15  # of the correlation between useful references
NULL_LEAST, NULL_MOST = 0.25, 0.9
RECORD_NULL = 0.4
SHRINK_ROWS, SHRINK_VARIANCE, Z_MOST = 8.0, 0.05, 4.0
RECORD_LEAST, RECORD_UNIT = 0.02, 0.25
ODDS_MIN = 1e-3


def information(rollouts):
    """What a mean of n rollouts is worth, in single rollouts: 1 … 2.5."""
    return 1 / (OVERDISPERSION + (1 - OVERDISPERSION) / rollouts)


def stale_record(successes, rollouts):
    """An old record of the policy itself, (P,) each with rollouts 0 where there is none, as one reference's values.

    A quarter of the smoothed log-odds: the unit of a rate near ½.
    """
    rate = (successes.sum() + 0.5) / (rollouts.sum() + 1)
    smoothed = np.clip((successes + rate) / (rollouts + 1), RECORD_LEAST, 1 - RECORD_LEAST)
    return np.where(rollouts > 0, RECORD_UNIT * (np.log(smoothed) - np.log1p(-smoothed)), np.nan)


def correlations(residuals):
    """(correlations, shared prompts) of each pair of references, (K, K), zero on the diagonal and without spread."""
    present = ~np.isnan(residuals)
    e, present = np.where(present, residuals, 0), present.astype(float)
    shared = present @ present.T
    squares = e**2 @ present.T
    root = np.sqrt(squares * squares.T)
    r = np.where(root > 0, e @ e.T / np.where(root > 0, root, 1), 0)
    np.fill_diagonal(r, 0)
    np.fill_diagonal(shared, 0)
    return r, shared


@dataclass
class Agreement:
    """How references agree with each other, whatever the context says."""

    weights: np.ndarray  # (K,) in −1 … 1: the sign of the majority, near 0 where one agrees with no other
    null: float  # prior odds' share of "they say nothing of this policy"

    @staticmethod
    def of(residuals):
        count = len(residuals)
        r, shared = correlations(residuals)
        weights = np.ones(count)
        if count >= 3:
            shrunk = r * shared / (shared + AGREEMENT_ROWS) + np.eye(count)
            vector = np.ones(count)
            for _ in range(AGREEMENT_STEPS):
                vector = shrunk @ vector
                vector /= max(np.linalg.norm(vector), 1e-12)
            vector = vector if vector.sum() >= 0 else -vector
            weights = np.clip(np.sqrt(count) * vector, -1, 1)
        pairs = shared.sum() / 2
        if pairs == 0:
            return Agreement(weights, 0.5)
        mean = (shared * r * np.outer(weights, weights)).sum() / 2 / pairs
        noise, spread = 1 / pairs, AGREEMENT_SPREAD**2 + 1 / pairs
        useful = -((mean - AGREEMENT_MEAN) ** 2) / (2 * spread) - np.log(spread) / 2
        useless = -(mean**2) / (2 * noise) - np.log(noise) / 2
        return Agreement(weights, float(np.clip(expit(useless - useful), NULL_LEAST, NULL_MOST)))


def signed_weights(residuals, rewards, start):
    """Weights of references, (K,): how each goes with the context's outcomes, shrunk to `start`.

    `residuals` (K, N) with NaN on the context's rows. With one reference or few rows it is `start` (K,).
    """
    count, rows = residuals.shape
    if count < 2 or rows < SIGNED_ROWS:
        return start
    present = ~np.isnan(residuals)
    e, y = np.where(present, residuals, 0), rewards - rewards.mean()
    shared = present.sum(1)
    spread = np.sqrt((e**2).sum(1) * (present * y**2).sum(1))
    correlation = np.where(spread > 0, e @ y / np.where(spread > 0, spread, 1), 0)
    shrunk = (shared * correlation + WEIGHT_ROWS * WEIGHT_PRIOR * start) / (shared + WEIGHT_ROWS)
    return np.clip(shrunk / WEIGHT_PRIOR, -WEIGHT_MOST, WEIGHT_MOST)


class Smoothing:
    """The Gaussian process of the residuals' mean on the text of the referenced prompts ("pool")."""

    def __init__(self, x, surface, mean, count, constants):
        self.x, self.constants = x, constants
        z = gp.population(surface, constants)
        self.z, self.shift, self.scale = self.standardise(z)
        noise = NOISE_SHARE + (1 - NOISE_SHARE) / count
        noise = noise / noise.mean()
        self.level = np.average(mean, weights=1 / noise)
        residual = mean - self.level
        kernel = self.kernel(x, self.z)
        root = 1 / np.sqrt(noise)
        values, vectors = np.linalg.eigh(root[:, None] * kernel * root)
        values = np.maximum(values, 0)
        projected = vectors.T @ (root * residual)
        evidence, solutions, left_out = [], [], []
        for ridge in LAMBDAS:
            inverse = 1 / (values + ridge)
            evidence.append(
                -len(mean) / 2 * np.log(np.mean(inverse * projected**2) + 1e-12) + np.log(inverse).sum() / 2
            )
            solution = root * (vectors @ (inverse * projected))
            solutions.append(solution)
            left_out.append(mean - solution / (root**2 * (vectors**2 @ inverse)))
        odds = np.exp(np.array(evidence) - max(evidence))
        odds = np.where(odds / odds.sum() < ODDS_MIN, 0, odds)
        odds /= odds.sum()
        self.solution = odds @ np.array(solutions)
        self.left_out = odds @ np.array(left_out)

    @staticmethod
    def standardise(z):
        mean = z.mean(0)
        rows = len(z)
        variance = ((z - mean) ** 2).mean(0)
        scale = np.sqrt((variance * rows + gp.SHRINK_VARIANCE * gp.SHRINK_ROWS) / (rows + gp.SHRINK_ROWS))
        return np.clip((z - mean) / scale, -4, 4), mean, scale

    def kernel(self, x, z):
        radial = np.exp(-gp.GAMMA * np.maximum(0, 2 - 2 * x @ self.x.T))
        return radial + gp.SURFACE / z.shape[1] * z @ self.z.T

    def predict(self, x, surface):
        z = np.clip((gp.population(surface, self.constants) - self.shift) / self.scale, -4, 4)
        return self.level + self.kernel(x, z) @ self.solution


class References:
    """Outcomes of K references on M prompts; NaN where there is none."""

    def __init__(self, values, rollouts, x, surface, constants):
        self.x, self.surface, self.constants = x, surface, constants
        present = ~np.isnan(values)
        mean = np.where(present, values, 0).sum(1) / np.maximum(present.sum(1), 1)
        self.residuals = np.where(present, values - mean[:, None], np.nan)
        self.agreement = Agreement.of(self.residuals)
        self.information = np.where(present, information(np.where(present, rollouts, 1)), 0)

    def column(self, rows, rewards, pool=None):
        return Column(self, rows, rewards, pool)


class Column:
    """The column z of one context. `pool` lists prompts for the regression; the context's rows should be among them."""

    def __init__(self, references, rows, rewards, pool=None):
        self.references = references
        self.null = references.agreement.null
        self.weights = signed_weights(references.residuals[:, rows], rewards, references.agreement.weights)
        weighted = self.weights[:, None] * references.information
        self.sums = np.nansum(weighted * np.nan_to_num(references.residuals), 0)
        self.counts = np.abs(weighted).sum(0)
        if pool is None:
            rest = np.setdiff1d(np.arange(len(self.counts)), rows)
            pool = np.concatenate([rows, rest])
        self.pool = pool[self.counts[pool] > 0][:POOL]
        self.smoothing = None
        if len(self.pool) >= POOL_LEAST:
            mean = self.sums[self.pool] / self.counts[self.pool]
            self.smoothing = Smoothing(
                references.x[self.pool],
                references.surface[self.pool],
                mean,
                self.counts[self.pool],
                references.constants,
            )
        d = self.difficulty(rows)
        count = len(rows)
        self.mean = d.sum() / max(count, 1)
        variance = ((d - self.mean) ** 2).sum()
        self.deviation = np.sqrt((variance + SHRINK_VARIANCE * SHRINK_ROWS) / (count + SHRINK_ROWS))
        self.context = self.standardised(d)

    def text(self, prompts):
        """m: what the texts say of the residuals; left-one-out for a prompt of the pool."""
        if self.smoothing is None:
            return np.zeros(len(prompts))
        m = self.smoothing.predict(self.references.x[prompts], self.references.surface[prompts])
        place = np.full(len(self.counts), -1)
        place[self.pool] = np.arange(len(self.pool))
        inside = place[prompts] >= 0
        return np.where(inside, self.smoothing.left_out[place[prompts]], m)

    def difficulty(self, prompts):
        return (self.sums[prompts] + SMOOTHING * self.text(prompts)) / (self.counts[prompts] + SMOOTHING)

    def standardised(self, d):
        return np.clip((d - self.mean) / self.deviation, -Z_MOST, Z_MOST)

    def of(self, prompts):
        return self.standardised(self.difficulty(prompts))


@dataclass
class Group:
    """Columns with one variance in common. Options are (variance, slope, prior), the first without any variance."""

    context: np.ndarray  # (N, J)
    queries: np.ndarray  # (Q, J)
    options: tuple


REFERENCE_OPTIONS = (
    (0.0, 0.0, 0.4),
    (0.3, 0.0, 0.1),
    (1.0, 0.0, 0.1),
    (3.0, 0.0, 0.1),
    (10.0, 0.0, 0.1),
    (0.1, 0.35, 0.1),
    (0.5, 0.35, 0.1),
)


def with_null(options, null):
    """The options with another prior of the first; the others share the rest as before."""
    rest = sum(prior for _, _, prior in options[1:])
    return [(*options[0][:2], null), *((v, m, prior * (1 - null) / rest) for v, m, prior in options[1:])]


def joint_options(groups, slope_unit=1.0):
    """All combinations: variances (O, J), slopes (O, J), log priors (O,)."""
    variances, slopes, priors = [], [], []
    for chosen in itertools.product(*(g.options for g in groups)):
        widths = [g.context.shape[1] for g in groups]
        variances.append(np.concatenate([np.full(w, o[0] / w) for o, w in zip(chosen, widths)]))
        slopes.append(np.concatenate([np.full(w, o[1] * slope_unit / w) for o, w in zip(chosen, widths)]))
        priors.append(sum(np.log(o[2]) for o in chosen))
    return np.array(variances), np.array(slopes), np.array(priors)


def options_of(solution, solved, columns, residual, options):
    """All options on top of one factorised matrix A.

    `solution` = A⁻¹r (N,), `solved` = A⁻¹Z (N, J), Z `columns` (N, J), r `residual` (N,). An option's prior is r − Zm
    with the matrix A + Z V Zᵀ. Returns by option: the quadratic form, what ln det gains, the columns' coefficients c
    (the option's solution is A⁻¹r − A⁻¹Z c), and the middle matrices M of (A + Z V Zᵀ)⁻¹ = A⁻¹ − A⁻¹Z M ZᵀA⁻¹.
    """
    variances, slopes, _ = options
    gram, t = columns.T @ solved, columns.T @ solution
    quadratic, gains, coefficients, middles = [], [], [], []
    for variance, slope in zip(variances, slopes):
        root = np.sqrt(variance)
        inner = np.eye(len(root)) + root[:, None] * gram * root
        middle = root[:, None] * np.linalg.solve(inner, np.diag(root))
        shifted = t - gram @ slope
        quadratic.append(residual @ solution - 2 * slope @ t + slope @ gram @ slope - shifted @ middle @ shifted)
        gains.append(np.linalg.slogdet(inner)[1])
        coefficients.append(slope + middle @ shifted)
        middles.append(middle)
    return np.array(quadratic), np.array(gains), np.array(coefficients), np.array(middles)


def left_out(target, solution, solved, diagonal, odds, coefficients, middles):
    """Mean over options, by `odds` that sum to their share, of each row's value without itself."""
    total = np.zeros(len(target))
    for odd, c, middle in zip(odds, coefficients, middles):
        if odd > 0:
            own = diagonal - np.einsum("nj,jk,nk->n", solved, middle, solved)
            total += odd * (target - (solution - solved @ c) / own)
    return total


def raw_score(x, surface, rewards, n, query_x, query_surface, constants, groups):
    """The Gaussian process with columns: (raw score of the queries, base rate, raw scores of rows left out)."""
    rows = len(rewards)
    base = gp.base_rate(rewards)
    context, queries = gp.standardised(gp.population(surface, constants), gp.population(query_surface, constants))
    weights = np.array(constants["prior"]) * np.std(rewards)
    offset = (context @ weights).mean()
    residual = rewards - base - (context @ weights - offset)
    noise = gp.OVERDISPERSION + (1 - gp.OVERDISPERSION) / n
    noise = noise / noise.mean()
    share = gp.SURFACE / context.shape[1]
    kernel = np.exp(-gp.GAMMA * np.maximum(0, 2 - 2 * x @ x.T)) + share * context @ context.T
    options = joint_options(groups, np.std(rewards))
    columns = np.hstack([g.context for g in groups])
    columns_q = np.hstack([g.queries for g in groups])
    evidence, parts = [], []
    for ridge in gp.LAMBDAS:
        factor = np.linalg.cholesky(kernel + np.diag(ridge * noise))
        inverse = np.linalg.inv(factor)
        solve = inverse.T @ (inverse @ np.column_stack([residual, columns]))
        solution, solved = solve[:, 0], solve[:, 1:]
        quadratic, gain, coefficients, middles = options_of(solution, solved, columns, residual, options)
        evidence.append(
            -rows / 2 * np.log(np.maximum(quadratic, 0) / rows + 1e-12)
            - np.log(np.diag(factor)).sum()
            - gain / 2
            + options[2]
        )
        parts.append((solution, solved, (inverse**2).sum(0), coefficients, middles))
    odds = np.exp(np.array(evidence) - np.max(evidence))
    odds = np.where(odds / odds.sum() < ODDS_MIN, 0, odds)
    odds /= odds.sum()
    alpha, coefficient, rows_out = np.zeros(rows), np.zeros(columns.shape[1]), np.zeros(rows)
    for odd, (solution, solved, diagonal, coefficients, middles) in zip(odds, parts):
        mean = odd @ coefficients
        coefficient += mean
        alpha += odd.sum() * solution - solved @ mean
        rows_out += left_out(rewards, solution, solved, diagonal, odd, coefficients, middles)
    radial = np.exp(-gp.GAMMA * np.maximum(0, 2 - 2 * query_x @ x.T))
    linear = weights + share * context.T @ alpha
    raw = base + radial @ alpha + queries @ linear - offset + columns_q @ coefficient
    return raw, base, rows_out, odds.sum(0)


HALVINGS, SLACK = 10, 1e-9


def uphill(objective, at, step):
    """A Newton step, halved until the objective does not fall: where probabilities are near 0 or 1 the curvature is
    nearly nothing, and full steps can circle about the maximum for ever."""
    start = objective(at)
    for _ in range(HALVINGS):
        if objective(at + step) >= start - SLACK * (1 + abs(start)):
            break
        step = step / 2
    return step


def log_posterior(weights, design, offset, rewards, precision, centre):
    """Of a logistic regression, up to a constant."""
    log_odds = design @ weights + offset
    return (rewards * log_odds - np.logaddexp(0, log_odds)).sum() - (precision * (weights - centre) ** 2).sum() / 2


LINK_LEAST = 0.02
LINK_MEAN, LINK_DEVIATION = np.array([0.0, 1.0]), np.array([0.3, 0.3])


def link_score(raw):
    clipped = np.clip(raw, LINK_LEAST, 1 - LINK_LEAST)
    return np.log(clipped) - np.log1p(-clipped)


@dataclass
class Link:
    """Logistic regression of rewards on one score: offset and slope, with their posterior covariance."""

    weights: np.ndarray  # (2,)
    covariance: np.ndarray  # (2, 2)

    @staticmethod
    def fit(score, rewards, deviation=LINK_DEVIATION, steps=12):
        design = np.column_stack([np.ones(len(score)), score])
        precision = 1 / deviation**2
        weights = LINK_MEAN.copy()
        for _ in range(steps):
            p = expit(design @ weights)
            gradient = design.T @ (rewards - p) - precision * (weights - LINK_MEAN)
            hessian = (design * (p * (1 - p))[:, None]).T @ design + np.diag(precision)
            weights = weights + uphill(
                lambda w: log_posterior(w, design, 0.0, rewards, precision, LINK_MEAN),
                weights,
                np.linalg.solve(hessian, gradient),
            )
        p = expit(design @ weights)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + np.diag(precision)
        return Link(weights, np.linalg.inv(hessian))

    def probability(self, score):
        """With the weights' uncertainty: σ(mean/√(1 + π·variance/8))."""
        design = np.column_stack([np.ones(len(score)), score])
        mean = design @ self.weights
        variance = np.einsum("ij,jk,ik->i", design, self.covariance, design)
        return expit(mean / np.sqrt(1 + np.pi * variance / 8))
