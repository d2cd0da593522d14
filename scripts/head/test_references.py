"""Tests of references and covariates: short cuts against the same thing done directly."""

import json
import pathlib
import sys
import unittest

try:
    import numpy as np
    from scipy.special import expit

    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    import character_grams
    import covariates
    import gaussian_process as gp
    import references as refs

    MISSING = ""
except ImportError as error:
    MISSING = str(error)


def world(seed, rows=200, width=16):
    """Unit embeddings, surface features, a difficulty that both know a little of."""
    random = np.random.RandomState(seed)
    x = random.randn(rows, width)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    surface = random.rand(rows, 30)
    return random, x, surface, 2 * random.randn(rows)


@unittest.skipIf(MISSING, MISSING)
class ReferenceTests(unittest.TestCase):
    def setUp(self):
        path = pathlib.Path(__file__).resolve().parent / "constants.json"
        self.constants = json.loads(path.read_text())

    def outcomes(self, random, difficulty, count):
        values = (random.rand(count, len(difficulty)) < expit(difficulty)).astype(float)
        values[random.rand(*values.shape) < 0.2] = np.nan
        return values

    def test_a_link_that_few_rows_contradict_is_where_the_fit_is_best(self):
        for low, right, wrong in ((-4.0, 20, 12), (-6.0, 8, 4), (-12.0, 5, 0)):
            score = np.where(np.arange(160) < right, low, 2.0)
            rewards = 1.0 - (np.arange(160) == 0) - ((np.arange(160) >= right) & (np.arange(160) < right + wrong))
            link = refs.Link.fit(score, rewards)
            design = np.column_stack([np.ones(160), score])
            gradient = design.T @ (rewards - expit(design @ link.weights))
            prior = (link.weights - refs.LINK_MEAN) / refs.LINK_DEVIATION**2
            np.testing.assert_allclose(gradient, prior, atol=1e-6)

    def test_an_option_equals_a_factorisation_of_its_own(self):
        random = np.random.RandomState(1)
        rows, columns = 30, 2
        root = random.randn(rows, rows)
        matrix = root @ root.T + np.eye(rows)
        z, r = random.randn(rows, columns), random.randn(rows)
        options = (np.array([[0.0, 0.0], [0.3, 2.0]]), np.array([[0.0, 0.5], [0.7, 0.0]]), np.zeros(2))
        solution, solved = np.linalg.solve(matrix, r), np.linalg.solve(matrix, z)
        quadratic, gain, coefficients, middles = refs.options_of(solution, solved, z, r, options)
        for o in range(2):
            changed = matrix + z * options[0][o] @ z.T
            residual = r - z @ options[1][o]
            alpha = np.linalg.solve(changed, residual)
            self.assertAlmostEqual(quadratic[o], residual @ alpha, places=8)
            self.assertAlmostEqual(gain[o], np.linalg.slogdet(changed)[1] - np.linalg.slogdet(matrix)[1], places=8)
            np.testing.assert_allclose(solution - solved @ coefficients[o], alpha, atol=1e-9)
            asked = options[1][o] + options[0][o] * (z.T @ alpha)
            np.testing.assert_allclose(coefficients[o], asked, atol=1e-9)
            own = np.diag(np.linalg.inv(matrix)) - np.einsum("nj,jk,nk->n", solved, middles[o], solved)
            np.testing.assert_allclose(own, np.diag(np.linalg.inv(changed)), atol=1e-9)

    def test_a_prompt_of_the_pool_is_judged_without_itself(self):
        random, x, surface, difficulty = world(2, rows=40)
        mean, count = 0.2 * random.randn(40), np.full(40, 2.0)
        whole = refs.Smoothing(x, surface, mean, count, self.constants)
        changed = mean.copy()
        changed[3] += 0.01
        again = refs.Smoothing(x, surface, changed, count, self.constants)
        # All but the choice of λ and the level is linear: the own outcome hardly moves the own prediction.
        self.assertLess(abs(again.left_out[3] - whole.left_out[3]), 0.001)
        self.assertGreater(abs(again.predict(x[3:4], surface[3:4]) - whole.predict(x[3:4], surface[3:4]))[0], 0.001)

    def test_an_inverted_reference_is_turned_by_the_majority(self):
        random, x, surface, difficulty = world(3)
        values = self.outcomes(random, difficulty, 3)
        values[2] = 1 - values[2]
        agreement = refs.Agreement.of(
            refs.References(values, np.ones_like(values), x, surface, self.constants).residuals
        )
        self.assertTrue((agreement.weights[:2] > 0.5).all())
        self.assertLess(agreement.weights[2], -0.5)
        self.assertEqual(agreement.null, refs.NULL_LEAST)

    def test_references_that_do_not_agree_are_doubted(self):
        random, x, surface, _ = world(4, rows=800)
        values = (random.rand(3, 800) < 0.5).astype(float)
        found = refs.References(values, np.ones_like(values), x, surface, self.constants)
        self.assertGreater(found.agreement.null, 0.8)

    def test_one_reference_orders_prompts_better_than_none(self):
        random, x, surface, difficulty = world(5, rows=400)
        y = (random.rand(400) < expit(difficulty)).astype(float)
        values = self.outcomes(random, difficulty, 1)
        rows, asked = np.arange(64), np.arange(64, 400)
        column = refs.References(values, np.ones_like(values), x, surface, self.constants).column(rows, y[rows])
        group = refs.Group(
            column.context[:, None], column.of(asked)[:, None], refs.with_null(refs.REFERENCE_OPTIONS, column.null)
        )
        arguments = x[rows], surface[rows], y[rows], np.ones(64), x[asked], surface[asked], self.constants
        raw = refs.raw_score(*arguments, [group])[0]
        plain = gp.raw_score(*arguments)[0]

        def order(score):
            return np.corrcoef(score, difficulty[asked])[0, 1]

        self.assertGreater(order(raw), order(plain) + 0.2)

    def test_a_column_that_says_nothing_leaves_the_process_as_it_is(self):
        random, x, surface, difficulty = world(6)
        y = (random.rand(200) < expit(difficulty)).astype(float)
        rows, asked = np.arange(64), np.arange(64, 200)
        arguments = x[rows], surface[rows], y[rows], np.ones(64), x[asked], surface[asked], self.constants
        nothing = refs.Group(np.zeros((64, 1)), np.zeros((136, 1)), refs.REFERENCE_OPTIONS)
        # The difference: odds below 0.001 become 0, and with options more of them are.
        np.testing.assert_allclose(refs.raw_score(*arguments, [nothing])[0], gp.raw_score(*arguments)[0], atol=5e-3)


@unittest.skipIf(MISSING, MISSING)
class CovariateTests(unittest.TestCase):
    def test_missing_values_count_as_nothing(self):
        number = covariates.Number(np.array([1.0, np.nan, 3.0]))
        np.testing.assert_allclose(number.z, [-1, 0, 1])
        category = covariates.Category(["a", None, "a"])
        np.testing.assert_allclose(category.kernel, [[1, 0, 1], [0, 0, 0], [1, 0, 1]])

    def test_a_constant_number_has_no_kernel(self):
        self.assertTrue((covariates.Number(np.full(5, 7.0)).kernel == 0).all())


@unittest.skipIf(MISSING, MISSING)
class GramTests(unittest.TestCase):
    def test_the_hash_is_that_of_the_page(self):
        h = 2166136261
        for scalar in "ab":
            h = (h ^ ord(scalar)) * 16777619 % 2**32
        h ^= h >> 16
        h = h * 0x85EBCA6B % 2**32
        h ^= h >> 13
        h = h * 0xC2B2AE35 % 2**32
        h ^= h >> 16
        self.assertIn(h % 2**17, character_grams.grams("AB")[0])

    def test_equal_texts_have_cosine_one(self):
        rows = [character_grams.grams(text) for text in ("solve 2 + 2", "prove that it is so")]
        context = character_grams.GramContext(rows)
        np.testing.assert_allclose(np.diag(context.kernel), 1)
        np.testing.assert_allclose(context.queries(rows, context.combined(np.array([1.0, 0.0]))), context.kernel[0])


if __name__ == "__main__":
    unittest.main()
