import JSONText

/// Many values for one parameter, read with `jsonb_array_elements_text`: whatever the texts hold.
func jsonArray(_ texts: [String]) -> String { JSON.array(texts.map(JSON.string)).text }
