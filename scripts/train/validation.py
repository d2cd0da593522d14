"""Contexts of policies kept out of training: what choices, calibration and concentration rest on."""

import calibration
import numpy as np
import torch
from measures import auc, by_source
from outcomes import FOLDS

SIZES = (32, 256)


class Validation:
    """Draws contexts of kept policies, on prompts that their copy of the difficulty network has not seen."""

    def __init__(self, corpus, kept, log, several=()):
        """`several` are records of several rollouts a prompt, of sources that keep no policy: for the concentration."""
        self.corpus, self.kept, self.log, self.several = corpus, kept, log, list(several)

    def cases(self, sizes, queries, folds, policies, several=False):
        """(record, fold, context rows, query rows): context prompts that their copy has seen, queries of its fold."""
        kept = dict(self.kept) | ({record.source: [record] for record in self.several} if several else {})
        for _source, records in sorted(kept.items()):
            for record in records[:policies]:
                for fold in folds:
                    asked = self.corpus.fold[record.prompts] == fold
                    random = np.random.RandomState(1000 * fold)
                    context = random.permutation(np.where(~asked)[0])
                    query = random.permutation(np.where(asked)[0])[:queries]
                    if len(query) < 20:
                        continue
                    for rows in sizes:
                        if len(context) >= rows:
                            yield record, fold, context[:rows], query

    @staticmethod
    def batch(features, member, record, context, query):
        return features.batch(
            np.array([member]),
            [record.prompts[context]],
            [record.prompts[query]],
            [record.rewards[context]],
            [record.rollouts[context]],
        )

    def difficulty(self, step, columns, loss):
        """The difficulty alone, without a context, from the copy that has not seen the queries."""
        scores = [
            dict(
                source=record.source,
                policy=record.name,
                auc=auc(record.rewards[query], columns[fold, record.prompts[query], 0].cpu().numpy()),
            )
            for record, fold, _context, query in self.cases((32,), 300, range(2), 6)
        ]
        score, _, by = by_source(scores, "auc")
        self.log(
            f"difficulty: step {step}, AUC {score:.4f}, loss {loss:.4f}", stage="difficulty", step=step, loss=loss,
            auc0=score, sources={name: round(value, 4) for name, value in by.items()},
        )  # fmt: skip

    def regression(self, features, regression, step, loss):
        """AUC by context size on known sources, and with the copy that has not seen the source's group."""
        left_out = {source: FOLDS + i for i, group in enumerate(features.groups) for source in group}
        results = {}
        with torch.no_grad():
            for record, fold, context, query in self.cases(SIZES, 200, range(1), 3):
                for known in (True, False):
                    member = fold if known else left_out.get(record.source, fold)
                    batch = self.batch(features, member, record, context, query)
                    z = regression(batch)["query"][0].cpu().numpy()
                    score = dict(source=record.source, policy=record.name, auc=auc(record.rewards[query], z))
                    results.setdefault((known, len(context)), []).append(score)
        scores = {key: by_source(found, "auc") for key, found in results.items()}
        names = {key: f"{'known' if key[0] else 'unknown'} {key[1]}" for key in scores}
        self.log(
            f"regression: step {step}, loss {loss:.4f}, AUC "
            + ", ".join(f"{names[key]} {score[0]:.4f}" for key, score in scores.items()),
            stage="regression",
            step=step,
            loss=loss,
            **{f"auc{key[1]}" if key[0] else f"unknown{key[1]}": score[0] for key, score in scores.items()},
            sources={names[key]: {s: round(v, 4) for s, v in score[2].items()} for key, score in scores.items()},
        )

    def calibrate(self, features, regression):
        """The constants of probability and concentration, on known sources and, one fold in three, unknown ones."""
        left_out = {source: FOLDS + i for i, group in enumerate(features.groups) for source in group}
        cases, trained = [], {record.source for record in self.several}
        random = np.random.RandomState(0)
        with torch.no_grad():
            for record, fold, context, query in self.cases(calibration.SIZES, 200, range(3), 3, several=True):
                member = left_out.get(record.source, fold) if fold == 2 else fold
                fit = regression(self.batch(features, member, record, context, query))
                thinned, n = calibration.thinned(record.rewards[query], record.rollouts[query], random)
                cases.append(
                    dict(
                        source=record.source,
                        policy=record.name,
                        rows=len(context),
                        z=fit["query"][0].double().cpu().numpy(),
                        level=float(fit["level"][0]),
                        y=record.rewards[query],
                        thinned=thinned,
                        n=n,
                        context_z=fit["context"][0].double().cpu().numpy(),
                        context_y=record.rewards[context],
                        context_n=record.rollouts[context],
                    )
                )
        constants, before, after = calibration.fit_probability([c for c in cases if c["source"] not in trained])
        self.log(f"calibration: log loss {before:.4f} before, {after:.4f} after: {constants.round(3).tolist()}")
        for case in cases:
            case["p"] = calibration.probability(case["z"], case["level"], case["rows"], constants)
            case["context_p"] = calibration.probability(case["context_z"], case["level"], case["rows"], constants)
        return {"probability": constants, "concentration": calibration.fit_concentration(cases, self.log)}
