def draw(recording, readings, scores, settings):
    return ()
