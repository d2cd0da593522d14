import Foundation
import Scoring
import SwiftProtobuf

// Writes, reads and checks single fields.

extension Duration {
    var wireMilliseconds: UInt32 {
        UInt32(clamping: components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000)
    }

    var wireMicroseconds: UInt32 {
        UInt32(clamping: components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000)
    }

    static func milliseconds(_ value: UInt32, field: String) throws(WireError) -> Duration {
        guard value >= 1, value <= 3_600_000 else { throw .badField(field, found: String(value)) }
        return .milliseconds(Int64(value))
    }
}

extension String {
    /// At most `labelBytesMax` bytes of it.
    var label: String { cut(to: Limits.labelBytesMax) }

    /// At most `referenceBytesMax` bytes of it.
    var reference: String { cut(to: Limits.referenceBytesMax) }

    /// At most so many bytes of it, ending with a whole character: half of one would be decoded as three bytes more.
    func cut(to bytesMax: Int) -> String {
        guard utf8.count > bytesMax else { return self }
        var end = utf8.index(startIndex, offsetBy: bytesMax)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(unicodeScalars[..<end])
    }
}

extension Digest {
    var wireBytes: Data { Data(bytes) }

    init(_ data: Data, field: String) throws(WireError) {
        guard let digest = Digest(bytes: data) else { throw .badField(field, found: "\(data.count) bytes") }
        self = digest
    }
}

extension JobID {
    var wireBytes: Data { Data(bytes) }

    init(_ data: Data, field: String) throws(WireError) {
        guard let id = JobID(bytes: data) else { throw .badField(field, found: "\(data.count) bytes") }
        self = id
    }
}

extension ProtoFingerprint {
    init(_ fingerprint: ModelFingerprint) {
        self = .with {
            $0.name = fingerprint.name.label
            $0.digest = fingerprint.digest.wireBytes
        }
    }
}

extension ModelFingerprint {
    init(_ proto: ProtoFingerprint) throws(WireError) {
        self.init(name: proto.name.label, digest: try Digest(proto.digest, field: "fingerprint"))
    }
}

extension ProtoCredit {
    init(_ credit: Credit) {
        self = .with {
            $0.rows = UInt32(clamping: credit.rows)
            $0.tokens = UInt32(clamping: credit.tokens)
            if credit.pieces > Limits.heldPiecesMin { $0.pieces = UInt32(clamping: credit.pieces) }
        }
    }
}

extension Credit {
    init(_ proto: ProtoCredit) {
        self.init(rows: Int(proto.rows), tokens: Int(proto.tokens), pieces: Int(proto.pieces))
    }
}

extension ProtoPieceName {
    init(_ piece: PieceName) {
        self = .with {
            $0.job = piece.job.wireBytes
            $0.shard = piece.shard
            $0.firstRow = UInt32(clamping: piece.rows.lowerBound)
            $0.rows = UInt32(clamping: piece.rows.count)
            $0.attempt = piece.attempt
        }
    }
}

extension PieceName {
    init(_ proto: ProtoPieceName) throws(WireError) {
        let rows = try Message.checkedRows(proto.rows)
        let first = Int(proto.firstRow)
        guard first + rows <= Limits.shardRowsMax else {
            throw .badField("first_row", found: String(proto.firstRow))
        }
        self.init(
            job: try JobID(proto.job, field: "job"), shard: proto.shard, rows: first..<first + rows,
            attempt: proto.attempt)
    }
}

extension [RowFault] {
    /// Many faults share the space for their messages, so that a header keeps within its limit whatever went wrong.
    var wireErrors: [ProtoRowError] {
        let messageBytesMax = Swift.min(Limits.labelBytesMax, Limits.faultMessagesBytesMax / Swift.max(1, count))
        return map { fault in
            .with {
                $0.row = fault.row
                $0.code = fault.code.cut(to: Limits.codeBytesMax)
                $0.message = fault.message.cut(to: messageBytesMax)
            }
        }
    }

    /// At most one fault a row, in order of rows.
    init(_ protos: [ProtoRowError], rows: Int) throws(WireError) {
        self = []
        for proto in protos {
            guard Int(proto.row) < rows, last.map({ $0.row < proto.row }) ?? true else {
                throw .badField("errors.row", found: String(proto.row))
            }
            append(
                RowFault(row: proto.row, code: proto.code.cut(to: Limits.codeBytesMax), message: proto.message.label))
        }
    }
}
