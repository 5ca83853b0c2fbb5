/// passwd(5) and group(5) with all that can be wrong in them.
public enum UserSamples {
    public static let passwd = """
        # a comment: with colons:1:2:3:4:5
        root:x:0:0:root:/root:/bin/sh

        web:x:33:34:the web:/var/www:/bin/false
        short:x:50
        1000:x:0:0:a trap:/trap:/bin/sh
        4294967296:x:0:0:a trap:/trap:/bin/sh
        -1:x:0:0:a trap:/trap:/bin/sh
         1:x:0:0:a trap:/trap:/bin/sh
        minus:x:-1:0::/:/bin/sh
        huge:x:4294967295:0::/:/bin/sh
        plus:x:+5:0::/:/bin/sh
        badgroup:x:60:wheel::/:/bin/sh
        relative:x:61:61::home/relative:/bin/sh
        web:x:0:0:a second one:/root:/bin/sh
        """
    public static let group = """
        root:x:0:
        wheel:x:10:root,web,other
        web:x:34:web
        audio:x:29:other,web
        doubled:x:29:web
        prefix:x:70:webmaster,myweb,web2
        empty:x:71:
        bad:x:none:web
        huge:x:4294967295:web
        1000:x:0:
        """
}
