/// Every measure, in the order in which they are taken.
enum Registry {
    static let measures: [any Measure.Type] = [
        CopyMeasure.self, FirstSyncMeasure.self, CommitToClientMeasure.self,
        RoundTripMeasure.self, PipelinedMeasure.self, PointReadMeasure.self,
        SubmitMeasure.self, ManySubmitsMeasure.self, DrainMeasure.self, RebaseMeasure.self,
        LiveDiffMeasure.self,
        DaemonStartMeasure.self, DaemonMemoryMeasure.self, DaemonWakeUpsMeasure.self, StatusMeasure.self,
        ServiceMemoryMeasure.self,
        ColdSnapshotMeasure.self, CachedSnapshotMeasure.self,
        OneShapeMeasure.self, ThousandShapesMeasure.self, HundredThousandShapesMeasure.self,
        BurstMeasure.self, SinglesMeasure.self,
        EasyWindowMeasure.self, HardWindowMeasure.self,
        ShapeMemoryMeasure.self, ReaderMemoryMeasure.self,
        UpdateCostMeasure.self, InsertCostMeasure.self, DeleteCostMeasure.self,
    ]

    static var names: [String] { measures.map { $0.name } }

    static func list() {
        for measure in measures {
            print("\(measure.name) (\(measure.unit), to reach: \(measure.reach.text(unit: measure.unit)))")
            print("  \(measure.explanation)")
        }
    }
}
