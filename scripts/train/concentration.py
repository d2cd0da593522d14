"""Fits the concentration of a finished head again, and changes nothing else of it: probabilities stay the same bits.

    python3 concentration.py --data DATA/train --embeddings train.safetensors --head HEAD --output NEW

Predictions are those of inference.py on policies kept out of training, and on the one of `deepscaler_k128`. Each fold's
prompts are judged by the copy of the difficulty network that has not seen them, which the head's file has among its
hidden units. Only sources of several rollouts a prompt are used, and of a record at most five hundred prompts, chosen
by a hash of their texts; embeddings of others need not be given.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import calibration
import numpy as np
from inference import Head
from outcomes import FOLDS, divided, load, share
from safetensors import safe_open
from safetensors.numpy import save_file
from validation import Validation
from with_references import concentration_with_references, rows_of

from common import arguments

NAME = "calibration.concentration"
PROMPTS, QUERIES, POLICIES, FOLDS_USED = 500, 200, 3, 3


def limited(record, texts):
    """A record's outcomes on at most PROMPTS prompts, which depend on their texts alone."""
    rank = np.array([share(texts[prompt], "concentration:") for prompt in record.prompts])
    return record.taken(np.argsort(np.argsort(rank)) < PROMPTS)


def kept_records(corpus):
    """Kept records by source, without those of single rollouts; and records of sources that keep none."""
    _, kept, alone = divided({source: found for source, found in corpus.training.items() if found})
    several = {s: v for s, v in kept.items() if v and calibration.has_several(v[0].rollouts)}
    return (
        {s: [limited(record, corpus.texts) for record in v[:POLICIES]] for s, v in several.items()},
        [limited(record, corpus.texts) for record in alone],
    )


def cases(head, corpus, validation):
    """Contexts and queries as `fit_concentration` needs them."""
    random = np.random.RandomState(0)
    drawn = validation.cases(calibration.SIZES, QUERIES, range(FOLDS_USED), POLICIES, several=True)
    for record, fold, context, query in drawn:
        copy = head.copy(fold, FOLDS)
        known = rows_of(corpus, record.prompts[context])
        prepared = copy.prepare(known, record.rewards[context], record.rollouts[context])
        thinned, n = calibration.thinned(record.rewards[query], record.rollouts[query], random)
        yield {
            "source": record.source,
            "rows": len(context),
            "p": copy.predict(prepared, rows_of(corpus, record.prompts[query]))[0],
            "thinned": thinned,
            "n": n,
            "context_p": copy.probability(prepared, prepared["context"]),
            "context_y": record.rewards[context],
            "context_n": record.rollouts[context],
        }


def main():
    parser = arguments.parser(__doc__)
    arguments.add_data(parser, "folder of prompts and outcomes", required=True)
    parser.add_argument("--embeddings", required=True, nargs="+", metavar="FILE", help="from statezero model embed")
    parser.add_argument("--head", required=True, metavar="FILE", help="safetensors file of a head that train.py made")
    arguments.add_output(parser, "safetensors file to write")
    options = parser.parse_args()
    corpus = load(options.data, [], options.embeddings)
    kept, alone = kept_records(corpus)
    validation = Validation(corpus, kept, print, alone)
    head = Head(options.head)
    print(f"as it is: {head.w[NAME].round(3).tolist()}")
    head.w[NAME][:3] = calibration.fit_concentration(list(cases(head, corpus, validation)), print)
    head.w[NAME][3] = concentration_with_references(head, corpus, validation, print)
    with safe_open(options.head, "np") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    tensors[NAME] = head.w[NAME].astype(np.float32)
    save_file(tensors, options.output, metadata)
    print(f"wrote {options.output}: {head.w[NAME].round(3).tolist()}")


if __name__ == "__main__":
    main()
