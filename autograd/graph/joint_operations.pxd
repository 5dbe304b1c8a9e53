from autograd.graph.node cimport Call, Node, Output, call_of, record_results, value_of, varies
