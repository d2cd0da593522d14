import Foundation
package import Scoring

/// The files of a corpus as row ranges name them: a client makes it of its survey, and sends what a worker needs to find and
/// to identify each file.
package struct RangeFiles: Sendable {
    /// By the path as the caller wrote it.
    private let files: [String: RowRanges.File]
    /// How a text is made of a row.
    package let keys: RowRanges.Keys

    /// Throws for a file that workers cannot read by ranges, and says why.
    package init(_ survey: [InputFile], keys: RowKeys, columns: SideColumns) throws(CorporaError) {
        var files: [String: RowRanges.File] = [:]
        for file in survey where files[file.path] == nil { files[file.path] = try Self.described(file) }
        self.files = files
        self.keys = RowRanges.Keys(keys, columns: columns)
    }

    /// The file of a path; `nil` for one that was not surveyed.
    package subscript(path: String) -> RowRanges.File? { files[path] }

    /// The folders and prefixes that the files of a corpus are in, each once: the data roots of a worker for this corpus.
    package static func roots(of paths: [String]) throws(CorporaError) -> [String] {
        var roots: [String] = []
        var known: Set<String> = []
        for path in try InputPaths.expanded(paths) {
            let place = RemoteFiles.isRemote(path) ? path : try absolute(path)
            let root = place.lastIndex(of: "/").map { String(place[..<$0]) } ?? place
            // A file at the top of the file system is its own root.
            let found = root.isEmpty ? place : root
            if known.insert(found).inserted { roots.append(found) }
        }
        return roots
    }

    private static func described(_ file: InputFile) throws(CorporaError) -> RowRanges.File {
        let kind: RowRanges.File.Kind
        switch file.format {
        case "plain": kind = .lines
        case "parquet": kind = .parquet
        default:
            throw .otherFormat(
                "\(file.path): its format is \(file.format), and workers read only JSON Lines that are not compressed, and "
                    + "Parquet; convert it, or leave out --workers-read")
        }
        if RemoteFiles.isRemote(file.path) {
            guard DataRoots.parts(of: file.path) != nil else {
                throw .otherFormat(
                    "\(file.path): an address with a query, a password or relative parts is not sent to workers; leave out "
                        + "--workers-read")
            }
            // The survey has copied it.
            guard let facts = RemoteCopies.facts(of: file.path) else {
                throw .unreadable(path: file.path, reason: "it has not been read")
            }
            return RowRanges.File(path: file.path, kind: kind, bytes: facts.bytes, tag: facts.tag)
        }
        var status = stat()
        guard file.path != "-", stat(file.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .otherFormat(
                "\(file.path): workers cannot read standard input and pipes; write a file, or leave out --workers-read")
        }
        return RowRanges.File(
            path: try absolute(file.path), kind: kind, bytes: Int(status.st_size), modified: status.modifiedNanoseconds)
    }

    /// A path as it was written where that is absolute, so that links stay what they are on every machine.
    private static func absolute(_ path: String) throws(CorporaError) -> String {
        if path.hasPrefix("/"), !path.split(separator: "/").contains("..") { return path }
        guard let real = realpath(path, nil) else {
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        defer { free(real) }
        return String(cString: real)
    }
}

extension RowRanges.Keys {
    /// What a client reads of a row.
    init(_ keys: RowKeys, columns: SideColumns) {
        self.init()
        prompt = keys.prompt
        id = keys.id
        dataSource = keys.dataSource
        template = keys.template?.source
        dropsAnswer = keys.dropsAnswer
        self.columns = columns.names
    }
}

extension RowKeys {
    /// The same keys on a worker. Throws `unusable` for a template that is none.
    init(_ keys: RowRanges.Keys) throws(RangeError) {
        self.init(prompt: keys.prompt, id: keys.id, dataSource: keys.dataSource)
        dropsAnswer = keys.dropsAnswer
        guard let source = keys.template else { return }
        guard let template = PromptTemplate(source) else { throw .unusable("its template is none") }
        self.template = template
    }
}
