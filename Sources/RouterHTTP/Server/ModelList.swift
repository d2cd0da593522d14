import Routing

/// `/v1/models`, as OpenAI's clients read it.
struct ModelList: Encodable {
    struct Entry: Encodable {
        let id: String
        let object = "model"
        let created = 0
        let owned_by: String
    }

    let object = "list"
    let data: [Entry]

    /// The router itself, then the models of its fleet.
    init(_ fleet: Fleet) {
        data =
            [Entry(id: RouteService.ownName, owned_by: "statezero")]
            + fleet.models.map { Entry(id: $0.name, owned_by: "fleet") }
    }
}
