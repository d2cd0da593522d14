import JSON

/// The error of one line of a file. The output has it in place of a prediction; other lines are not affected.
public struct RowError: Error, Hashable, Sendable {
    /// The path as the caller wrote it.
    public let file: String
    /// Line number in the file, from 1.
    public let line: Int
    /// The row's id; `nil` if it could not be read.
    public let promptID: String?
    /// For programs.
    public let code: Code
    /// For people: what is wrong, with the value (cut to 80 characters), and what to do.
    public let message: String

    /// Kinds of errors. Raw values are part of the output format and must not change.
    public enum Code: String, Sendable, CaseIterable {
        /// Not JSON, or a key that appears twice.
        case badJSON = "bad_json"
        /// A value of another type than its key requires.
        case badType = "bad_type"
        /// Bytes that are not UTF-8.
        case invalidUTF8 = "invalid_utf8"
        /// A line longer than `LineReader.lineBytesMax`.
        case lineTooLong = "line_too_long"
        /// A row of a table with another number of cells than its header, or with a quote that is not closed.
        case badTable = "bad_table"
        /// No key that holds a prompt.
        case missingPrompt = "missing_prompt"
        /// A prompt with only white space.
        case emptyPrompt = "empty_prompt"
        /// An id that an earlier row has already.
        case duplicateID = "duplicate_id"
        /// An id that is empty or too long.
        case badID = "bad_id"
        /// A history row that names no policy.
        case missingPolicy = "missing_policy"
        /// A history row that has neither a reward nor k of n.
        case missingReward = "missing_reward"
        /// A reward outside [0, 1], or k and n that contradict each other.
        case badReward = "bad_reward"
        /// A role other than context or query.
        case badRole = "bad_role"
        /// A history row that names a prompt by an id that is not in the prompt files.
        case unknownPrompt = "unknown_prompt"
        /// A second outcome of one policy on one prompt.
        case duplicateOutcome = "duplicate_outcome"
        /// A score row that lacks its probability.
        case missingScore = "missing_score"
        /// A probability outside [0, 1], or a concentration that is not above 0.
        case badScore = "bad_score"
        /// Workers died whenever they scored the row.
        case workerDied = "worker_died"
        /// The encoder gave no features for the row.
        case embeddingFailed = "embedding_failed"
        /// The model gave no probability for the row.
        case predictionFailed = "prediction_failed"
        /// The value of a reference, a covariate or a feature is not what it must be.
        case badSideValue = "bad_side_value"
        /// What is known about the prompt does not fit the job's context.
        case badSideInformation = "bad_side_information"
        /// The model's head reads texts only, and references or covariates were given.
        case sideInformationUnsupported = "side_information_unsupported"
        /// The context could not be prepared, so nothing could be predicted.
        case contextFailed = "context_failed"
        /// An error of a worker of another version that has no case here; see the message.
        case workerError = "worker_error"
    }

    /// Describes an error.
    public init(file: String, line: Int, promptID: String? = nil, code: Code, message: String) {
        self.file = file
        self.line = line
        self.promptID = promptID
        self.code = code
        self.message = message
    }
}

extension RowError: CustomStringConvertible {
    /// `file:line: code: message`, the form that editors jump to.
    public var description: String {
        let id = promptID.map { " (prompt \"\(clipped($0))\")" } ?? ""
        return "\(file):\(line): \(code.rawValue)\(id): \(message)"
    }
}

/// The error of a value, before its file and line are known.
struct RowProblem: Error {
    var promptID: String?
    let code: RowError.Code
    let message: String

    func at(_ file: String, line: Int) -> RowError {
        RowError(file: file, line: line, promptID: promptID, code: code, message: message)
    }
}

extension RowProblem {
    /// A line that is not one JSON object.
    init(_ error: JSONError) {
        switch error.kind {
        case .syntax: self.init(code: .badJSON, message: "\(error); fix or remove the line")
        case .invalidUTF8: self.init(code: .invalidUTF8, message: "\(error); convert the file to UTF-8")
        case .notAnObject: self.init(code: .badType, message: "\(error); write one object on each line")
        }
    }
}

/// The first 80 characters, so that a message stays a message.
func clipped(_ text: String) -> String {
    guard let end = text.index(text.startIndex, offsetBy: 80, limitedBy: text.endIndex), end < text.endIndex else {
        return text
    }
    return text[..<end] + "…"
}
