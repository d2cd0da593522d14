import Foundation
import JSON
import Scoring

/// The scores of a finished folder, or of a file of score rows, in order.
///
/// A folder must have `_SUCCESS`, and its manifest and parts must have the recorded digests. A part is checked at its
/// end: treat no row as valid before `next` has returned `nil`. Ids are unique in both cases.
public struct ScoresReader {
    /// A row's belief.
    public struct Score: Hashable, Sendable {
        /// The prompt.
        public let promptID: String
        /// P(success), in [0, 1].
        public let p: Float
        /// Concentration of the belief, above 0; infinity for a point estimate, also if the file has none.
        public let kappa: Float
        /// The central 80 % of the belief, if the row has it.
        public let interval: ClosedRange<Float>?
        /// What the belief is based on, if the row says so.
        public let evidence: Evidence?
        /// Whether the end of the prompt was not read, if the row says so.
        public let isTruncated: Bool?

        /// The member `evidence` of a row.
        public struct Evidence: Codable, Hashable, Sendable {
            /// Rows of the context.
            public let contextRows: Int
            /// Other policies with an outcome on the prompt.
            public let references: Int
            /// Whether an earlier version of the policy has one.
            public let ownRecord: Bool

            enum CodingKeys: String, CodingKey {
                case references
                case contextRows = "context_rows"
                case ownRecord = "own_record"
            }
        }

        /// Pairs a prompt with a belief.
        public init(
            promptID: String, p: Float, kappa: Float, interval: ClosedRange<Float>? = nil, evidence: Evidence? = nil,
            isTruncated: Bool? = nil
        ) {
            self.evidence = evidence
            self.isTruncated = isTruncated
            self.promptID = promptID
            self.p = p
            self.kappa = kappa
            self.interval = interval
        }
    }

    /// The result of reading one row.
    public enum Element: Hashable, Sendable {
        /// A belief.
        case score(Score)
        /// A row whose prompt was not scored.
        case failed(promptID: String?, file: String, line: Int)
        /// A row that cannot be read.
        case rejected(RowError)
    }

    /// The manifest of a folder; `nil` for a single file.
    public let manifest: RunManifest?
    /// The parts, or the file, that were read to their ends.
    public var files: [InputFile] { lines.finished }

    private var lines: RowFiles
    private var ids = IDTable()
    private var checked = 0

    /// Opens a folder or a file.
    public init(path: String) throws(CorporaError) {
        let path = RemoteFiles.isRemote(path) && path.hasSuffix("/") ? String(path.dropLast()) : path
        guard try InputPaths.isFolder(path) else {
            manifest = nil
            lines = try RowFiles([path])
            return
        }
        let manifest = try RunManifest.read(folder: path)
        for part in manifest.parts where !RemoteFiles.isRemote(path) && access("\(path)/\(part.name)", R_OK) != 0 {
            throw .partMissing(folder: path, name: part.name)
        }
        self.manifest = manifest
        lines = try RowFiles(manifest.parts.map { "\(path)/\($0.name)" })
    }

    /// The next row; `nil` at the end. Throws if a file cannot be read or differs from the manifest.
    public mutating func next() throws(CorporaError) -> Element? {
        let line = try lines.next()
        try check()
        switch line {
        case nil: return nil
        case .rejected(let error)?: return .rejected(error)
        case .row(let content, let file, let number)?:
            do throws(RowProblem) {
                return try element(BatchAnswer.unwrapped(content), file: file, line: number)
            } catch {
                return .rejected(error.at(file, line: number))
            }
        }
    }

    /// Compares the parts that were completed since the last call with the manifest.
    private mutating func check() throws(CorporaError) {
        guard let manifest else { return }
        while checked < lines.finished.count {
            let file = lines.finished[checked]
            guard let expected = Digest(hex: manifest.parts[checked].digest) else {
                throw .damagedManifest(path: file.path, reason: "the digest of a part is not a SHA-256")
            }
            guard file.digest == expected else {
                throw .digestMismatch(path: file.path, expected: expected, found: file.digest)
            }
            checked += 1
        }
    }

    private mutating func element(_ content: SourceRow.Content, file: String, line: Int) throws(RowProblem) -> Element {
        let fields = try RowFields(content, layout: .scores)
        let promptID = try fields.id()
        if try fields.string(.status) == "error" { return .failed(promptID: promptID, file: file, line: line) }
        guard let promptID else { throw RowProblem(code: .badID, message: "no prompt_id; is this a file of scores?") }
        do throws(RowProblem) {
            guard let p = try fields.number(.p)?.value else {
                throw RowProblem(code: .missingScore, message: "no p; is this a file of scores?")
            }
            let kappa = Float(try fields.number(.kappa)?.value ?? .infinity)
            guard 0...1 ~= p else { throw RowProblem(code: .badScore, message: "p is \(p), outside [0, 1]") }
            guard kappa > 0 else { throw RowProblem(code: .badScore, message: "kappa is \(kappa); it must be above 0") }
            if let earlier = ids.insert(IDTable.hash(promptID), number: UInt32(clamping: lines.lines)) {
                throw RowProblem(
                    code: .duplicateID,
                    message: "this id is already used at \(lines.place(ofLine: Int(earlier))); make ids unique")
            }
            let ends = (try fields.number(.pLo)?.value, try fields.number(.pHi)?.value)
            var interval: ClosedRange<Float>?
            if let low = ends.0, let high = ends.1, 0 <= low, low <= high, high <= 1 {
                interval = Float(low)...Float(high)
            }
            return .score(
                Score(
                    promptID: promptID, p: Float(p), kappa: kappa, interval: interval, evidence: Self.evidence(fields),
                    isTruncated: (try? fields.first(.truncated))?.value.bool))
        } catch {
            var problem = error
            problem.promptID = promptID
            throw problem
        }
    }

    /// No prediction depends on it, so a member of another form counts as absent.
    private static func evidence(_ fields: RowFields) -> Score.Evidence? {
        guard let object = (try? fields.first(.evidence))?.value.object, let rows = object["context_rows"]?.integer,
            let references = object["references"]?.integer, let ownRecord = object["own_record"]?.bool
        else { return nil }
        return Score.Evidence(contextRows: rows, references: references, ownRecord: ownRecord)
    }
}
