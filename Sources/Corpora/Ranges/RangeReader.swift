import Foundation
import JSON
package import Scoring

/// Reads the texts of row ranges on a worker. Used from one thread.
///
/// A file is read only if it is below a data root and is the one that the client has read: by size and time of writing, or by
/// entity tag. The texts count only if their digest is the client's. So what a worker answers is the answer to the client's
/// own texts, or an error, whatever happened to the file.
package final class RangeReader {
    private enum Opened {
        case lines(DataFile)
        case parquet(DataFile, any SeekableRows)
        case copy(ObjectCopies.Copy, any SeekableRows)
    }

    private struct Entry {
        let file: RowRanges.File
        let columns: Set<String>
        let opened: Opened
    }

    private let roots: DataRoots
    private let copies: ObjectCopies
    /// Files in use, the latest last.
    private var entries: [Entry] = []
    private var known: (keys: RowRanges.Keys, layout: SharedRowLayout)?

    /// Files that are kept open.
    private static let entriesMax = 8
    private static let blockBytes = 1 << 20
    /// Of objects: each block is a request.
    private static let objectBlockBytes = 4 << 20

    /// `copyBytesMax` bounds the disk space for copies of objects.
    package init(roots: DataRoots, copyBytesMax: Int) {
        self.roots = roots
        copies = ObjectCopies(bytesMax: copyBytesMax)
    }

    /// The texts of a whole shard, in its order. Calls `onProgress` from time to time, on any thread.
    package func texts(
        of ranges: RowRanges, onProgress: @escaping @Sendable () -> Void
    ) throws(RangeError) -> [String] {
        let layout = try layout(for: ranges.keys)
        var texts: [String] = []
        var bytes = 0
        for range in ranges.ranges {
            let file = ranges.files[range.file]
            var row = range.firstRow
            try read(range, of: file, columns: layout.layout.columnNames, onProgress) { content throws(RangeError) in
                let text = try Self.text(of: content, layout, path: file.path, row: row)
                bytes += text.utf8.count
                guard bytes <= RowRanges.shardBytesMax else { throw .unusable("its texts are too long for a shard") }
                texts.append(text)
                row += 1
            }
        }
        guard texts.count == ranges.rows, RowRanges.digest(of: texts) == ranges.digest else {
            let paths = ranges.files.prefix(3).map(\.path).joined(separator: ", ")
            throw .otherTexts(paths: paths, rows: ranges.rows)
        }
        return texts
    }

    private static func text(
        of content: SourceRow.Content, _ layout: SharedRowLayout, path: String, row: Int
    ) throws(RangeError) -> String {
        do throws(RowProblem) {
            if let read = try RowFields(content, layout: layout).prompt() { return read.text }
        } catch {
            // Without the message, which has a part of the row.
            throw .otherRows(path: path, rows: "row \(row)", reason: "it is no prompt (\(error.code.rawValue))")
        }
        throw .otherRows(path: path, rows: "row \(row)", reason: "it has no prompt")
    }

    /// The layout of rows, made once for keys that repeat.
    private func layout(for keys: RowRanges.Keys) throws(RangeError) -> SharedRowLayout {
        if let known, known.keys == keys { return known.layout }
        let layout = SharedRowLayout(
            .prompts(try RowKeys(keys), columns: SideColumns(covariates: keys.columns)))
        known = (keys, layout)
        return layout
    }

    // MARK: Files

    private func read(
        _ range: RowRanges.Range, of file: RowRanges.File, columns: Set<String>,
        _ onProgress: @escaping @Sendable () -> Void, body: (SourceRow.Content) throws(RangeError) -> Void
    ) throws(RangeError) {
        if file.isRemote { try roots.check(address: file.path) }
        switch (file.kind, file.isRemote) {
        case (.lines, true):
            try cut(range, of: file, Self.objectBlockBytes, onProgress, body: body) { bytes throws(RangeError) in
                do throws(CorporaError) {
                    let storage = try RemoteFiles.storage(for: file.path)
                    return try storage.read(file.path, bytes: bytes, expecting: file.tag)
                } catch {
                    throw RangeError(error, file, rows: range.label)
                }
            }
        case (.lines, false):
            guard case .lines(let data) = try opened(file, range, columns, onProgress) else { return }
            try cut(range, of: file, Self.blockBytes, onProgress, body: body) { bytes throws(RangeError) in
                try data.bytes(bytes, path: file.path, rows: range.label)
            }
        case (.parquet, _):
            let source: any SeekableRows
            switch try opened(file, range, columns, onProgress) {
            case .parquet(_, let rows), .copy(_, let rows): source = rows
            case .lines: return
            }
            let rows: [JSONObject]
            do throws(CorporaError) {
                // The number is at most 2^53.
                rows = try source.rows(range.firstRow - 1..<range.firstRow - 1 + range.rows, onProgress: onProgress)
            } catch {
                throw .otherRows(path: file.path, rows: range.label, reason: "\(error)")
            }
            for row in rows { try body(.members(row)) }
        }
    }

    private func cut(
        _ range: RowRanges.Range, of file: RowRanges.File, _ blockBytes: Int, _ onProgress: () -> Void,
        body: (SourceRow.Content) throws(RangeError) -> Void, fetch: (Range<Int>) throws(RangeError) -> [UInt8]
    ) throws(RangeError) {
        let cutter = LineCutter(path: file.path, range: range, blockBytes: blockBytes)
        try cutter.lines(
            fetch: { bytes throws(RangeError) in
                let block = try fetch(bytes)
                onProgress()
                return block
            },
            body: { line throws(RangeError) in try body(.json(line)) })
    }

    /// The file as it is kept open, or opened now, after the check of its identity.
    private func opened(
        _ file: RowRanges.File, _ range: RowRanges.Range, _ columns: Set<String>,
        _ onProgress: @escaping @Sendable () -> Void
    ) throws(RangeError) -> Opened {
        if let place = entries.firstIndex(where: { $0.file == file && $0.columns == columns }) {
            let entry = entries.remove(at: place)
            if Self.isCurrent(entry.opened) {
                entries.append(entry)
                return entry.opened
            }
        }
        let opened = try open(file, range, columns, onProgress)
        entries.append(Entry(file: file, columns: columns, opened: opened))
        if entries.count > Self.entriesMax { entries.removeFirst() }
        return opened
    }

    private static func isCurrent(_ opened: Opened) -> Bool {
        switch opened {
        case .lines(let data), .parquet(let data, _): data.isCurrent
        // A copy is what its entity tag says.
        case .copy: true
        }
    }

    private func open(
        _ file: RowRanges.File, _ range: RowRanges.Range, _ columns: Set<String>,
        _ onProgress: @escaping @Sendable () -> Void
    ) throws(RangeError) -> Opened {
        if file.isRemote {
            // What is removed for a new copy must not be kept open here.
            if !copies.has(file) { entries.removeAll { if case .copy = $0.opened { true } else { false } } }
            let copy = try copies.copy(of: file, rows: range.label, onProgress: onProgress)
            return .copy(copy, try Self.seekable(file, at: copy.location, range, columns))
        }
        let data = try DataFile(file.path, in: roots, rows: range.label)
        try data.check(file, rows: range.label)
        if file.kind == .lines { return .lines(data) }
        return .parquet(data, try Self.seekable(file, at: "/proc/self/fd/\(data.descriptor)", range, columns))
    }

    private static func seekable(
        _ file: RowRanges.File, at location: String, _ range: RowRanges.Range, _ columns: Set<String>
    ) throws(RangeError) -> any SeekableRows {
        do throws(CorporaError) {
            return try RowFormats.seekable(file.path, at: location, columns: columns)
        } catch {
            throw .unreachable(path: file.path, rows: range.label, reason: "\(error)")
        }
    }
}
