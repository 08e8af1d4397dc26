"""Pages for who holds an address link: plain HTML forms that work without script. GET shows, POST acts."""
