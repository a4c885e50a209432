import DaemonProtocol
import DataModel
import JSONRPC
import Replica
import Shapes

enum ListViewsHandler: RequestHandler {
    typealias Method = ListViews

    static func answer(
        _ params: Nothing, _ caller: Caller, _ core: DaemonCore
    ) throws(ResponseError) -> ListViews.Result? {
        let model = try core.names().model
        return ListViews.Result(
            views: model.views.map { view in
                ListViews.View(
                    name: view.name, about: view.about, parameters: Self.parameters(view.parameters),
                    shapes: view.parts.map(\.shape))
            },
            shapes: model.shapes.map { shape in
                ListViews.Shape(name: shape.name, about: shape.about, parameters: Self.parameters(shape.parameters))
            },
            entered: core.replica.enteredView.map {
                ListViews.Entered(name: $0.name, parameters: $0.parameters)
            })
    }

    private static func parameters(_ parameters: [ShapeParameter]) -> [ListViews.Parameter] {
        parameters.map { ListViews.Parameter(name: $0.name, type: $0.type.text) }
    }
}
