import Scoring
import SwiftProtobuf

// Writes and reads the frame of row ranges. What is read is within the bounds of `RowRanges`.

extension RowRanges.File.Kind: WireEnumeration {
    static let field = "kind"
    static let protos: KeyValuePairs<Self, ProtoRowRanges.File.Kind> = [.lines: .lines, .parquet: .parquet]
}

extension RowRanges {
    /// The frame's bytes.
    var wireBytes: [UInt8] {
        let proto = ProtoRowRanges.with {
            $0.files = files.map { file in
                .with {
                    $0.path = file.path
                    $0.kind = file.kind.proto
                    $0.bytes = UInt64(clamping: file.bytes)
                    if let modified = file.modified { $0.modified = modified }
                    $0.tag = file.tag ?? ""
                }
            }
            $0.ranges = ranges.map { range in
                .with {
                    $0.file = UInt32(clamping: range.file)
                    $0.firstRow = UInt64(clamping: range.firstRow)
                    $0.rows = UInt32(clamping: range.rows)
                    $0.start = UInt64(clamping: range.bytes.lowerBound)
                    $0.end = UInt64(clamping: range.bytes.upperBound)
                }
            }
            $0.keys = ProtoRowRanges.Keys(keys)
            $0.digest = digest.wireBytes
        }
        // Serialising fails for missing required fields only, which proto3 does not have.
        return (try? proto.serializedBytes()) ?? []
    }

    init(wireBytes: [UInt8]) throws(WireError) {
        let proto: ProtoRowRanges
        do {
            proto = try ProtoRowRanges(serializedBytes: wireBytes)
        } catch {
            throw .undecodable
        }
        var files: [File] = []
        for file in proto.files {
            files.append(
                File(
                    path: file.path, kind: try File.Kind(file.kind), bytes: Int(clamping: file.bytes),
                    modified: file.hasModified ? file.modified : nil, tag: file.tag.isEmpty ? nil : file.tag))
        }
        var ranges: [Range] = []
        for range in proto.ranges {
            guard range.start <= range.end, let start = Int(exactly: range.start), let end = Int(exactly: range.end)
            else {
                throw .badField("ranges", found: "bytes \(range.start) to \(range.end)")
            }
            ranges.append(
                Range(
                    file: Int(range.file), firstRow: Int(clamping: range.firstRow), rows: Int(range.rows),
                    bytes: start..<end))
        }
        self.init(
            files: files, ranges: ranges, keys: Keys(proto.keys), digest: try Digest(proto.digest, field: "digest"))
        if let fault = fault(rowsMax: Limits.shardRowsMax) { throw .badField("ranges", found: fault) }
    }
}

extension ProtoRowRanges.Keys {
    fileprivate init(_ keys: RowRanges.Keys) {
        self = .with {
            $0.prompt = keys.prompt ?? ""
            $0.id = keys.id ?? ""
            $0.dataSource = keys.dataSource ?? ""
            $0.template = keys.template ?? ""
            $0.dropsAnswer = keys.dropsAnswer
            $0.columns = keys.columns
        }
    }
}

extension RowRanges.Keys {
    fileprivate init(_ proto: ProtoRowRanges.Keys) {
        self.init()
        prompt = proto.prompt.isEmpty ? nil : proto.prompt
        id = proto.id.isEmpty ? nil : proto.id
        dataSource = proto.dataSource.isEmpty ? nil : proto.dataSource
        template = proto.template.isEmpty ? nil : proto.template
        dropsAnswer = proto.dropsAnswer
        columns = proto.columns
    }
}
