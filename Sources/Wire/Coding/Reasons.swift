import Foundation
import Scoring

// Enumerations, both ways. A value we do not know is refused: guessing a reason would hide it.

extension Refusal {
    var proto: ProtoRefused.Reason {
        switch self {
        case .protocolVersion: .protocol
        case .fingerprint: .fingerprint
        case .capacity: .capacity
        }
    }

    init(_ proto: ProtoRefused.Reason) throws(WireError) {
        switch proto {
        case .protocol: self = .protocolVersion
        case .fingerprint: self = .fingerprint
        case .capacity: self = .capacity
        default: throw .badField("reason", found: "\(proto.rawValue)")
        }
    }
}

extension JobRefusal {
    var proto: ProtoJobRefused.Reason {
        switch self {
        case .fingerprint: .fingerprint
        case .capacity: .capacity
        case .context: .context
        }
    }

    init(_ proto: ProtoJobRefused.Reason) throws(WireError) {
        switch proto {
        case .fingerprint: self = .fingerprint
        case .capacity: self = .capacity
        case .context: self = .context
        default: throw .badField("reason", found: "\(proto.rawValue)")
        }
    }
}

extension ReturnReason {
    var proto: ProtoShardReturned.Reason {
        switch self {
        case .overCredit: .overCredit
        case .draining: .draining
        }
    }

    init(_ proto: ProtoShardReturned.Reason) throws(WireError) {
        switch proto {
        case .overCredit: self = .overCredit
        case .draining: self = .draining
        default: throw .badField("reason", found: "\(proto.rawValue)")
        }
    }
}

extension ContextBlock {
    init(digest: Data, rows: UInt32, raw: [RawFrame]) throws(WireError) {
        guard rows <= ContextSet.rowsMax else {
            throw .tooLarge("context rows", found: Int(rows), limit: ContextSet.rowsMax)
        }
        try self.init(
            digest: try Digest(digest, field: "digest"),
            texts: try TextBlock(count: Int(rows), lengthsFrame: raw[0], bytes: raw[1]), outcomes: raw[2])
    }
}
