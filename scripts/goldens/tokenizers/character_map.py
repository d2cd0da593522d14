"""SentencePiece's map of characters (`precompiled_charsmap`), read from a model that SentencePiece writes."""

import io

import sentencepiece


def fields(message):
    """(number, value) of each field of a protobuf message; enough for the file of SentencePiece."""
    index = 0

    def varint():
        nonlocal index
        value = shift = 0
        while True:
            byte = message[index]
            index += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while index < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
        elif kind == 2:
            size = varint()
            index += size
            yield key >> 3, message[index - size : index]
        else:
            size = 8 if kind == 1 else 4
            index += size
            yield key >> 3, message[index - size : index]


def of_model(model):
    """The character map in the bytes of a SentencePiece model."""
    normalizer = next(value for number, value in fields(model) if number == 3)
    return next(value for number, value in fields(normalizer) if number == 2)


def nmt_nfkc():
    """The map `nmt_nfkc`, which XLM-RoBERTa has too: it is the same in every model that names it."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a b c d e f g"] * 10),
        model_writer=written,
        vocab_size=12,
        hard_vocab_limit=False,
        normalization_rule_name="nmt_nfkc",
        minloglevel=2,
    )
    return of_model(written.getvalue())
