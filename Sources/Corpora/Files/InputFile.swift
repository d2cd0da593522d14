import Foundation
public import Scoring

/// The identity of a file that was read to its end. It does not depend on compression.
public struct InputFile: Hashable, Sendable {
    /// The path as the caller wrote it.
    public let path: String
    /// `plain`, `gzip` or `zstd`.
    public let format: String
    /// SHA-256 of the decompressed bytes.
    public let digest: Digest
    /// Number of lines, including blank ones.
    public let lines: Int
    /// Number of lines with only white space; they are no rows.
    public let blankLines: Int

    /// The last part of the path.
    public var name: String { Self.name(of: path) }

    static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    /// One digest of several files in order: SHA-256 over their digests.
    public static func digest(of files: [InputFile]) -> Digest {
        Digest(of: files.flatMap(\.digest.bytes))
    }

    /// Reads files to their ends, only for digests and line counts. Cost: decompression and one SHA-256 of the text;
    /// the reading of the rows checks them.
    public static func survey(_ paths: [String]) throws(CorporaError) -> [InputFile] {
        var rows = try RowFiles(paths, check: .none)
        while try rows.next() != nil {}
        return rows.finished
    }
}

/// The lines of several files, one after the other. Blank lines are skipped; lines that cannot be rows are rejected.
struct RowFiles {
    enum Line {
        case bytes([UInt8], file: String, line: Int)
        case rejected(RowError)
    }

    /// Files read to their ends, in order.
    private(set) var finished: [InputFile] = []
    /// Number of lines of all files so far, including blank ones.
    private(set) var lines = 0
    /// The files opened so far, each with the number of lines before it.
    private(set) var begun: [(path: String, linesBefore: Int)] = []

    private var waiting: ArraySlice<String>
    private var reader: LineReader?
    private var blankLines = 0
    private let lineBytesMax: Int
    private let check: LineReader.Check

    /// Checks first that every file can be read, so that a misspelt name does not stop a job in its middle.
    init(
        _ paths: [String], lineBytesMax: Int = LineReader.lineBytesMax, check: LineReader.Check = .utf8
    ) throws(CorporaError) {
        for path in paths where path != "-" && access(path, R_OK) != 0 {
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        self.waiting = paths[...]
        self.lineBytesMax = lineBytesMax
        self.check = check
    }

    mutating func next() throws(CorporaError) -> Line? {
        while true {
            guard let reader = try current() else { return nil }
            guard let line = try reader.next() else {
                finished.append(
                    InputFile(
                        path: reader.path, format: reader.format, digest: reader.digest, lines: reader.lines,
                        blankLines: blankLines))
                self.reader = nil
                continue
            }
            lines += 1
            switch line.content {
            case .text(let bytes):
                guard bytes.contains(where: { !Self.isSpace($0) }) else {
                    blankLines += 1
                    continue
                }
                return .bytes(bytes, file: reader.path, line: line.number)
            case .tooLong(let bytes):
                return .rejected(
                    RowError(
                        file: reader.path, line: line.number, code: .lineTooLong,
                        message: "the line has \(bytes) bytes, at most \(lineBytesMax) are read; shorten or remove it"))
            case .invalidUTF8(let offset):
                return .rejected(
                    RowError(
                        file: reader.path, line: line.number, code: .invalidUTF8,
                        message: "not UTF-8 from byte \(offset + 1) of the line on; convert the file to UTF-8"))
            }
        }
    }

    /// The file name and line number of a line that is given by its number among the lines of all files, as `lines`
    /// counts. The name has no folder, so that output does not depend on the folder of a file.
    func place(ofLine ordinal: Int) -> String {
        guard let file = begun.last(where: { $0.linesBefore < ordinal }) else { return "an earlier line" }
        return "\(InputFile.name(of: file.path)):\(ordinal - file.linesBefore)"
    }

    private mutating func current() throws(CorporaError) -> LineReader? {
        if let reader { return reader }
        guard let path = waiting.popFirst() else { return nil }
        begun.append((path, lines))
        blankLines = 0
        let opened = try LineReader(path: path, lineBytesMax: lineBytesMax, check: check)
        reader = opened
        return opened
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0D
    }
}
