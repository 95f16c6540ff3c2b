curl https://github.com/a https://registry.evil-host.net/x http://127.0.0.1:80/ http://$host/
