import Scoring
import SwiftProtobuf

// Reads and writes side information in headers. A schema that is read is within the bounds of `SideSchema`.

extension SideSchema.Reference.Kind: WireEnumeration {
    static let field = "kind"
    static let protos: KeyValuePairs<Self, ProtoSideSchema.Reference.Kind> = [
        .otherPolicy: .otherPolicy, .ownRecord: .ownRecord,
    ]
}

extension ProtoSideSchema {
    init(_ schema: SideSchema) {
        self = .with {
            $0.references = schema.references.map { reference in
                .with {
                    $0.name = reference.name
                    $0.kind = reference.kind.proto
                }
            }
            $0.numbers = schema.numbers
            $0.categories = schema.categories
            $0.vectors = schema.vectors.map { vector in
                .with {
                    $0.name = vector.name
                    $0.columns = UInt32(clamping: vector.columns)
                }
            }
        }
    }
}

extension SideSchema {
    init(_ proto: ProtoSideSchema) throws(WireError) {
        var references: [Reference] = []
        for reference in proto.references {
            references.append(Reference(name: reference.name, kind: try Reference.Kind(reference.kind)))
        }
        self.init(
            references: references, numbers: proto.numbers, categories: proto.categories,
            vectors: proto.vectors.map { Vector(name: $0.name, columns: Int($0.columns)) })
        if let fault { throw .badField("side", found: fault.description) }
        guard !isEmpty else { throw .badField("side", found: "an empty schema") }
    }
}

extension ProtoCovariate {
    init(_ covariate: Covariate) {
        self = .with {
            $0.name = covariate.name.label
            switch covariate.value {
            case .number(let number): $0.number = number
            case .category(let category): $0.category = category.label
            }
        }
    }
}

extension [Covariate] {
    init(_ protos: [ProtoCovariate]) throws(WireError) {
        self = []
        for proto in protos {
            switch proto.value {
            case .number(let number) where number.isFinite:
                append(Covariate(name: proto.name.label, value: .number(number)))
            case .category(let category): append(Covariate(name: proto.name.label, value: .category(category.label)))
            case .number(let number): throw .badField("covariates.number", found: "\(number)")
            case nil: throw .badField("covariates", found: "no value")
            }
        }
    }
}

extension ProtoNamedOutcome {
    init(_ named: NamedOutcome) {
        self = .with {
            $0.name = named.name.label
            $0.reward = named.outcome.reward
            $0.n = UInt32(clamping: named.outcome.n)
        }
    }
}

extension [NamedOutcome] {
    init(_ protos: [ProtoNamedOutcome]) throws(WireError) {
        self = []
        for proto in protos {
            guard let outcome = Outcome(reward: proto.reward, n: Int(proto.n)) else {
                throw .badField("references", found: "reward \(proto.reward), n \(proto.n)")
            }
            append(NamedOutcome(name: proto.name.label, outcome: outcome))
        }
    }
}

extension ProtoEvidence {
    init(_ evidence: Evidence) {
        self = .with {
            $0.contextRows = UInt32(clamping: evidence.contextRows)
            $0.references = UInt32(clamping: evidence.references)
            $0.ownRecord = evidence.ownRecord
        }
    }
}

extension Evidence {
    init(_ proto: ProtoEvidence) {
        self.init(
            contextRows: Int(proto.contextRows), references: Int(proto.references), ownRecord: proto.ownRecord)
    }
}
