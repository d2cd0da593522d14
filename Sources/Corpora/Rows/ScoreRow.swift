import JSON
public import Scoring

/// One row of the output: a prediction or an error.
public enum ScoreRow: Hashable, Sendable {
    /// The prediction for a prompt.
    case scored(promptID: String, Prediction)
    /// The error of an input row.
    case failed(RowError)
}

/// What a prediction rests on beside the context.
public struct RowEvidence: Hashable, Sendable {
    /// Other policies with an outcome on the prompt.
    public let references: Int
    /// Whether an earlier version of the policy has one.
    public let hasOwnRecord: Bool

    /// States what there is.
    public init(references: Int, hasOwnRecord: Bool) {
        self.references = references
        self.hasOwnRecord = hasOwnRecord
    }
}

/// Writes the rows of one output part as bytes.
///
/// A row is one line, its keys in this order:
///
/// `{"prompt_id","p","kappa","p_lo","p_hi","policy_id","policy_version","context_size","model","truncated","status":"ok"}`
/// with `"evidence":{"context_rows","references","own_record"}` before `status` where side information is used,
/// or `{"prompt_id","status":"error","error":{"code","message","file","line"}}`. Numbers are the shortest decimals that
/// read back as the same Float32; a κ of infinity (a point estimate) is null. `model` is the first twelve digits of the
/// model's digest; the manifest has all of them. `file` has no folder, so that the folder of an input does not change
/// the output.
public struct PartWriter {
    /// The lines so far.
    public var bytes: [UInt8] { writer.bytes }
    /// Numbers of rows so far.
    public private(set) var counts = RowCounts()

    private var writer = JSONWriter()
    private let middle: String
    private let contextSize: Int

    /// The values that are the same in every row.
    public init(policy: Policy, contextSize: Int, model: ModelFingerprint) {
        var constant = JSONWriter()
        constant.raw(",\"policy_id\":")
        constant.string(policy.id)
        constant.raw(",\"policy_version\":")
        if let version = policy.version { constant.number(version) } else { constant.raw("null") }
        constant.raw(",\"context_size\":")
        constant.number(contextSize)
        constant.raw(",\"model\":")
        constant.string(model.digest.short)
        constant.raw(",\"truncated\":")
        self.contextSize = contextSize
        self.middle = String(decoding: constant.bytes, as: UTF8.self)
    }

    /// Adds a row. `hasDerivedID` is only counted; `evidence` is written where there is some.
    public mutating func append(_ row: ScoreRow, hasDerivedID: Bool = false, evidence: RowEvidence? = nil) {
        switch row {
        case .scored(let promptID, let prediction): append(promptID, prediction, evidence)
        case .failed(let error): append(error)
        }
        if hasDerivedID { counts.derivedIDs += 1 }
    }

    /// Starts the next part and keeps the memory.
    public mutating func clear() {
        writer.clear()
        counts = RowCounts()
    }

    private mutating func append(_ promptID: String, _ prediction: Prediction, _ evidence: RowEvidence?) {
        let isTruncated = prediction.flags.contains(.truncated)
        writer.raw("{\"prompt_id\":")
        writer.string(promptID)
        writer.raw(",\"p\":")
        writer.number(prediction.p)
        writer.raw(",\"kappa\":")
        writer.number(prediction.kappa)
        writer.raw(",\"p_lo\":")
        writer.number(prediction.pLo)
        writer.raw(",\"p_hi\":")
        writer.number(prediction.pHi)
        writer.raw(middle)
        writer.raw(isTruncated ? "true" : "false")
        if let evidence {
            writer.raw(",\"evidence\":{\"context_rows\":")
            writer.number(contextSize)
            writer.raw(",\"references\":")
            writer.number(evidence.references)
            writer.raw(evidence.hasOwnRecord ? ",\"own_record\":true}" : ",\"own_record\":false}")
        }
        writer.raw(",\"status\":\"ok\"}\n")
        counts.ok += 1
        if isTruncated { counts.truncated += 1 }
        if prediction.flags.contains(.baseRate) { counts.baseRate += 1 }
    }

    private mutating func append(_ error: RowError) {
        writer.raw("{\"prompt_id\":")
        if let promptID = error.promptID { writer.string(promptID) } else { writer.raw("null") }
        writer.raw(",\"status\":\"error\",\"error\":{\"code\":")
        writer.string(error.code.rawValue)
        writer.raw(",\"message\":")
        writer.string(error.message)
        writer.raw(",\"file\":")
        writer.string(InputFile.name(of: error.file))
        writer.raw(",\"line\":")
        writer.number(error.line)
        writer.raw("}}\n")
        counts.error += 1
    }
}

/// Numbers of rows of a part or a run.
public struct RowCounts: Hashable, Sendable {
    /// Rows with a prediction.
    public var ok = 0
    /// Rows with an error.
    public var error = 0
    /// Predictions that are the context's base rate.
    public var baseRate = 0
    /// Predictions on prompts longer than the encoder reads.
    public var truncated = 0
    /// Rows whose id was derived from the text.
    public var derivedIDs = 0

    /// All rows.
    public var rows: Int { ok + error }

    /// No rows.
    public init() {}

    static func + (left: RowCounts, right: RowCounts) -> RowCounts {
        var sum = left
        sum.ok += right.ok
        sum.error += right.error
        sum.baseRate += right.baseRate
        sum.truncated += right.truncated
        sum.derivedIDs += right.derivedIDs
        return sum
    }
}
