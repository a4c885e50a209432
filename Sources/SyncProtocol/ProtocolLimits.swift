/// Every limit of the service's wire. Whoever passes one is told its name and figure.
package enum ProtocolLimits {
    /// A stream request names every shape each time; beyond this the request itself is the cost. A service may serve
    /// fewer (`max_shapes_per_client`), and then says so of each.
    package static let shapesPerRequest = 1_000
    /// One request is one or more transactions in PostgreSQL; beyond this it holds its locks too long.
    package static let operationsPerRequest = 1000
    /// Operations that one request gives up: a group is given up as a whole, however large.
    package static let withdrawalsPerRequest = 10_000
    /// Bytes of the reason that a device gives for it, in UTF-8.
    package static let reasonBytes = 1000
    /// Bytes of a request's body. It is held in memory before anything of it is checked. One operation of the
    /// greatest size fits, every byte of it escaped.
    package static let requestBytes = 64 << 20
    /// Bytes of one value of an operation, in UTF-8.
    package static let valueBytes = 8 << 20
    /// Columns that one operation sets: PostgreSQL's own limit for a table.
    package static let columnsPerOperation = 1600
    /// Bytes of an identifier: replica, operation, shape, group, handle.
    package static let identifierBytes = 200
    /// Bytes of a table or column name (PostgreSQL's NAMEDATALEN - 1, twice and a dot for a table).
    package static let columnNameBytes = 63
    package static let tableNameBytes = 127

    /// Bytes of one line of a stream answer. The service ends a line well before; one row may be large.
    package static let answerLineBytes = 64 << 20
    /// Bytes after which the service ends a line of messages and begins another.
    package static let answerLineTargetBytes = 1 << 20
    /// Bytes of a whole stream answer that a device accepts. Past `answerTargetBytes` the service ends the
    /// answer with `complete: false`, so that neither side holds more, however much there is to send.
    package static let answerBytes = 96 << 20
    package static let answerTargetBytes = 16 << 20
    /// Bytes of any other answer.
    package static let plainAnswerBytes = 32 << 20

    /// How long the service holds a live request, and how much longer the device waits for it.
    package static let liveHoldSeconds = 20
    package static let liveGraceSeconds = 10
}
