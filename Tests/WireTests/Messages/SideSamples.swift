import Scoring
import Wire

// Messages with side information: a context of two rows and one prompt of the pool, and a shard under it.

extension MessageSample {
    static var side: [MessageSample] {
        guard let solved = Outcome(k: 3, n: 4), let rate = Outcome(reward: 0.3), let own = Outcome(k: 1, n: 8),
            let first = Outcome(reward: 1, n: 8), let second = Outcome(reward: 0.125, n: 8)
        else { return [] }
        let schema = SideSchema(
            references: [.init(name: "pythia-1b"), .init(name: "smollm2-135m", kind: .ownRecord)],
            numbers: ["level"], categories: ["subject"])
        let entry = SideInformation.ReferenceOutcome(reference: 0, outcome: solved)
        let known = SideInformation(
            references: [entry], numbers: [2], categories: [SideSchema.code(of: "algebra")], poolRow: 0)
        let context = ContextSet(
            [
                ContextSet.Row(text: "What is 2 + 2?", outcome: first, side: known),
                ContextSet.Row(text: "Prove Fermat's last theorem.", outcome: second),
            ], schema: schema,
            pool: [ContextSet.PoolRow(text: "What is 2 + 2?", side: SideInformation(references: [entry]))])
        guard let context else { return [] }
        let rows = [
            SideInformation(references: [.init(reference: 0, outcome: rate), .init(reference: 1, outcome: own)]), .none,
            SideInformation(numbers: [.nan], categories: [0]),
        ]
        let texts = TextBlock(["Spell: cat", "Zähle bis drei.", ""], side: SideBlock(rows, schema: schema))
        return [
            MessageSample(
                "context-side", "A context set with references, a number and a category",
                [
                    "digest; rows 2; pool rows 1; schema: pythia-1b (1 other policy), smollm2-135m (2 own record), level, subject;",
                    "then lengths, texts (two rows, one of the pool), outcomes; then the side frame:",
                    "1 number, 1 category, no vector; record lengths 23, 0, 15;",
                    "record: place in the pool plus 1, parts (1 numbers, 2 categories), 1 reference: 0 as counts, n 4, k 3; 2.0; code",
                    "code: bytes 4 to 7 of SHA-256(\"algebra\"), the highest first",
                ], .context(ContextBlock(context))),
            MessageSample(
                "submit-shard-side", "Three rows of a job, the first with a reference and an own record",
                [
                    "shard as in submit-shard.txt with side true; then lengths, texts; then the side frame:",
                    "record lengths 28, 0, 14; reference 0: n 1, reward 0.3 (float64); reference 1 as counts: n 8, k 1;",
                    "the last record: a number that is unknown (not a number) and a category that is unknown (0)",
                ],
                .submitShard(
                    SubmitShard(
                        job: job, shard: 7, tokens: 12, affinity: Digest(of: texts.bytes.array).leading, texts: texts))),
        ]
    }

    /// The three rows of `submit-shard`, of which a worker reads two from a file of lines and one from a Parquet file.
    static var ranges: [MessageSample] {
        let texts = ["Spell: cat", "Zähle bis drei.", ""]
        var keys = RowRanges.Keys()
        keys.prompt = "question"
        keys.dropsAnswer = true
        let ranges = RowRanges(
            files: [
                RowRanges.File(
                    path: "/data/a.jsonl", kind: .lines, bytes: 120, modified: 1_700_000_000_000_000_000),
                RowRanges.File(path: "s3://bucket/b.parquet", kind: .parquet, bytes: 4000, tag: "\"5d41\""),
            ],
            ranges: [
                RowRanges.Range(file: 0, firstRow: 2, rows: 2, bytes: 30..<100),
                RowRanges.Range(file: 1, firstRow: 1, rows: 1),
            ], keys: keys, digest: RowRanges.digest(of: texts))
        guard let block = try? RangeBlock(ranges) else { return [] }
        return [
            MessageSample(
                "submit-shard-ranges", "Three rows of a job that workers read themselves",
                [
                    "shard as in submit-shard.txt with ranges true; then one RowRanges: lines 2 and 3 of a file, bytes 30 to",
                    "100; row 1 of a Parquet object; the prompt's key and dropping of the answer; the digest of lengths and",
                    "texts of submit-shard.txt",
                ],
                .submitShard(
                    SubmitShard(
                        job: job, shard: 7, tokens: 12, affinity: Digest(of: TextBlock(texts).bytes.array).leading,
                        content: .ranges(block))))
        ]
    }
}
