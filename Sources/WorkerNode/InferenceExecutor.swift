package import Cluster
package import Corpora
package import FeatureStore
package import Scoring
package import Wire

/// What the inference thread computes: prepares contexts, embeds, predicts, reports progress. It does not use leases.
///
/// Prompts are embedded a few at a time, so that progress shows. Beyond that, batches are the model's decision: an
/// embedding never depends on the other texts of its batch.
package struct InferenceExecutor {
    private let model: any ValueModel
    private var embedder: CachedEmbedder
    private let ranges: RangeReader?
    private var contexts: [Digest: Known] = [:]
    private let clock = ContinuousClock()

    /// A context that is prepared, and what the side information of its queries means.
    private struct Known {
        let prepared: any PreparedContext
        let schema: SideSchema
        let poolCount: Int
    }

    /// Without `ranges`, row ranges are refused.
    package init(model: any ValueModel, cache: TieredFeatureCache, ranges: RangeReader? = nil) {
        self.model = model
        self.ranges = ranges
        embedder = CachedEmbedder(model, cache: cache)
    }

    /// Texts that were embedded so far, and texts whose features were cached.
    var counts: EmbeddingCounts { EmbeddingCounts(embedded: embedder.embeddedCount, cached: embedder.cachedCount) }

    /// Fits a context; returns what is wrong with it otherwise. Throws `unavailable`.
    package mutating func prepare(
        _ block: ContextBlock, onProgress: () -> Void
    ) throws(ValueModelError) -> WorkerState.ContextFailure? {
        guard let context = block.contextSet else {
            return .init(message: "context \(block.digest.short) does not match its digest; submit the job again")
        }
        do throws(ValueModelError) {
            let features = try embed(context.texts, onProgress: onProgress)
            contexts[block.digest] = Known(
                prepared: try model.prepare(context, features: features), schema: context.schema,
                poolCount: context.pool.count)
            return nil
        } catch .sideInformationUnsupported(let head) {
            return .init(
                code: "side_information_unsupported",
                message: "\(ValueModelError.sideInformationUnsupported(head: head))")
        } catch .unavailable(let reason) {
            throw .unavailable(reason)
        } catch {
            return .init(message: "the context cannot be prepared: \(error)")
        }
    }

    /// Frees a prepared context.
    mutating func forget(_ digest: Digest) {
        contexts[digest] = nil
    }

    /// Scores a piece: a prediction or a fault for every row. Row ranges are read first, which counts as embedding; if they
    /// cannot be read, every row gets the fault that says why. Throws `unavailable`.
    package mutating func score(
        _ content: ShardContent, of piece: PieceName, context digest: Digest, onProgress: @escaping @Sendable () -> Void
    ) throws(ValueModelError) -> (AnswerBlock, [RowFault], StageTimes) {
        switch content {
        case .texts(let texts): return try score(texts, context: digest, onProgress: onProgress)
        case .ranges(let block):
            let start = clock.now
            let texts: TextBlock
            do throws(RangeError) {
                texts = try read(block, piece, onProgress)
            } catch {
                return Self.failing(block.count, code: error.code.rawValue, message: "\(error)")
            }
            let read = clock.now - start
            var (answers, faults, times) = try score(texts, context: digest, onProgress: onProgress)
            times.embedded += read
            return (answers, faults, times)
        }
    }

    /// The texts of a piece, read from files: those of the whole shard, whose digest is known, and of these the piece's.
    private func read(
        _ block: RangeBlock, _ piece: PieceName, _ onProgress: @escaping @Sendable () -> Void
    ) throws(RangeError) -> TextBlock {
        guard let reader = ranges else { throw .unusable("this worker has no data root; start it with --data-root") }
        let found: RowRanges
        do throws(WireError) {
            found = try block.ranges()
        } catch {
            throw .unusable("\(error)")
        }
        guard piece.rows.upperBound <= found.rows else {
            throw .unusable("they have \(found.rows) rows, the piece ends at \(piece.rows.upperBound)")
        }
        let texts = try reader.texts(of: found, onProgress: onProgress)
        return TextBlock(texts[piece.rows], side: block.side)
    }

    /// Scores the texts of a piece: a prediction or a fault for every row. Throws `unavailable`.
    package mutating func score(
        _ block: TextBlock, context digest: Digest, onProgress: () -> Void
    ) throws(ValueModelError) -> (AnswerBlock, [RowFault], StageTimes) {
        guard let context = contexts[digest] else {
            return Self.failing(
                block.count, code: "context_failed", message: "context \(digest.short) is not prepared here")
        }
        var faults: [RowFault] = []
        let start = clock.now
        var rows: [Int] = []
        var texts: [String] = []
        rows.reserveCapacity(block.count)
        texts.reserveCapacity(block.count)
        let side = Self.side(of: block, context)
        for (row, text) in block.texts.enumerated() {
            if let text, side.isEmpty || side[row] != nil {
                rows.append(row)
                texts.append(text)
            } else {
                faults.append(
                    text == nil
                        ? RowFault(row: UInt32(row), code: "invalid_utf8", message: "the prompt's bytes are not UTF-8")
                        : RowFault(
                            row: UInt32(row), code: "bad_side_information",
                            message: "what is known about the prompt does not fit the job's context; submit it again"))
            }
        }
        let features = try embedEach(&rows, &texts, &faults, onProgress: onProgress)
        let embedded = clock.now
        let answers: AnswerBlock
        do {
            let known = side.isEmpty ? [] : rows.map { side[$0] ?? .none }
            let predictions = try model.predict(
                QuerySet(texts: texts, features: features, side: known), in: context.prepared)
            answers =
                rows.count == block.count
                ? AnswerBlock(predictions) : AnswerBlock(Self.spread(predictions, over: rows, of: block.count))
        } catch {
            return Self.failing(block.count, code: "prediction_failed", message: "\(error)")
        }
        faults.sort { $0.row < $1.row }
        return (
            answers, faults,
            StageTimes(embedded: embedded - start, predicted: clock.now - embedded)
        )
    }

    /// What is known about each text of a block, `nil` where it cannot be read or does not fit the context; empty if
    /// neither block nor context has any.
    private static func side(of block: TextBlock, _ context: Known) -> [SideInformation?] {
        guard let side = block.side else {
            return context.schema.isEmpty ? [] : Array(repeating: SideInformation.none, count: block.count)
        }
        return side.rows(context.schema).map { row in
            (row?.poolRow ?? -1) < context.poolCount ? row : nil
        }
    }

    /// Predictions in the places of their rows, `nil` in the others.
    private static func spread(_ predictions: [Prediction], over rows: [Int], of count: Int) -> [Prediction?] {
        var spread = [Prediction?](repeating: nil, count: count)
        for (row, prediction) in zip(rows, predictions) { spread[row] = prediction }
        return spread
    }

    /// Embeds the texts of a piece. Where a call fails, its texts are embedded one by one, so that only the rows that
    /// fail get a fault.
    private mutating func embedEach(
        _ rows: inout [Int], _ texts: inout [String], _ faults: inout [RowFault], onProgress: () -> Void
    ) throws(ValueModelError) -> FeatureMatrix {
        // The width, also where there is no row.
        var made = JoinedFeatures(try embedder.embed([]))
        var embedded: [Int] = []
        for call in calls(texts.count) {
            do throws(ValueModelError) {
                made.append(try embedder.embed(Array(texts[call])))
                embedded += call
            } catch .unavailable(let reason) {
                throw .unavailable(reason)
            } catch {
                for index in call {
                    do throws(ValueModelError) {
                        made.append(try embedder.embed([texts[index]]))
                        embedded.append(index)
                    } catch .unavailable(let reason) {
                        throw .unavailable(reason)
                    } catch {
                        faults.append(
                            RowFault(row: UInt32(rows[index]), code: "embedding_failed", message: "\(error)"))
                    }
                    onProgress()
                }
            }
            onProgress()
        }
        rows = embedded.map { rows[$0] }
        texts = embedded.map { texts[$0] }
        return made.matrix
    }

    /// Embeds all texts, or throws.
    private mutating func embed(_ texts: [String], onProgress: () -> Void) throws(ValueModelError) -> FeatureMatrix {
        var made = JoinedFeatures(try embedder.embed([]))
        for call in calls(texts.count) {
            made.append(try embedder.embed(Array(texts[call])))
            onProgress()
        }
        return made.matrix
    }

    /// The texts of each call: as many as the model likes, or all at once where embedding is cheap.
    private func calls(_ count: Int) -> [Range<Int>] {
        let size = model.shouldCacheFeatures ? max(1, model.rowsPerCall) : max(1, count)
        return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
    }

    private static func failing(
        _ count: Int, code: String, message: String
    ) -> (AnswerBlock, [RowFault], StageTimes) {
        let faults = (0..<UInt32(count)).map { RowFault(row: $0, code: code, message: message) }
        return (AnswerBlock(Array(repeating: nil, count: count)), faults, StageTimes())
    }
}

/// Features of several calls, one below the other.
private struct JoinedFeatures {
    private let columns: Int
    private var values: [Float]
    private var isTruncated: [Bool]

    init(_ first: FeatureMatrix) {
        (columns, values, isTruncated) = (first.columns, first.values, first.isTruncated)
    }

    var matrix: FeatureMatrix { FeatureMatrix(columns: columns, values: values, isTruncated: isTruncated) }

    mutating func append(_ part: FeatureMatrix) {
        values += part.values
        isTruncated += part.isTruncated
    }
}

/// How many texts the executor has embedded, and for how many the features were cached.
struct EmbeddingCounts: Sendable {
    var embedded = 0
    var cached = 0
}
